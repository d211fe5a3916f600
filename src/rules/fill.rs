//! Captures into sentences: `{name}`, `{name|default}`, and `{{` / `}}` for braces.

use std::collections::BTreeMap;

/// A sentence with holes, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole { name: String, default: Option<String> },
}

impl Template {
    /// Parses a sentence. The error tells at which byte of it what is wrong.
    pub fn parse(text: &str) -> Result<Template, (usize, String)> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let doubled = rest.peek().is_some_and(|&(_, next)| next == c);
            match c {
                '{' | '}' if doubled => {
                    rest.next();
                    plain.push(c);
                }
                '{' => {
                    let Some(length) = text[at..].find('}') else {
                        return Err((at, "`{` without `}`; a literal brace is written `{{`".into()));
                    };
                    let hole = &text[at + 1..at + length];
                    let (name, default) = match hole.split_once('|') {
                        Some((name, default)) => (name, Some(default.to_owned())),
                        None => (hole, None),
                    };
                    let is_name = !name.is_empty()
                        && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    if !is_name {
                        return Err((at, format!("`{name}` is not the name of a capture")));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Hole { name: name.to_owned(), default });
                    while rest.peek().is_some_and(|&(next, _)| next <= at + length) {
                        rest.next();
                    }
                }
                '}' => return Err((at, "`}` without `{`; a literal brace is written `}}`".into())),
                _ => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { parts })
    }

    /// A sentence without words, in place of one that was refused.
    pub(super) fn empty() -> Template {
        Template { parts: Vec::new() }
    }

    /// The sentence with its holes filled; `None` where a capture without default is missing.
    pub fn fill(&self, captures: &BTreeMap<String, String>) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Hole { name, default } => match (captures.get(name), default) {
                    (Some(value), _) => filled.push_str(value),
                    (None, Some(default)) => filled.push_str(default),
                    (None, None) => return None,
                },
            }
        }
        Some(filled)
    }

    /// Names of the captures it uses, and whether each must be there.
    pub fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Hole { name, default } => Some((name.as_str(), default.is_none())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, pairs: &[(&str, &str)]) -> Option<String> {
        let captures = pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        Template::parse(text).unwrap().fill(&captures)
    }

    #[test]
    fn fills_defaults_and_braces() {
        let text = "pip install {package|the package} in {{venv}}";
        assert_eq!(filled(text, &[("package", "PyYAML")]).unwrap(), "pip install PyYAML in {venv}");
        assert_eq!(filled(text, &[]).unwrap(), "pip install the package in {venv}");
        assert_eq!(filled("{host} refused", &[]), None);
    }

    #[test]
    fn a_value_with_braces_is_not_read_again() {
        assert_eq!(filled("{key}", &[("key", "{host}")]).unwrap(), "{host}");
    }

    #[test]
    fn refuses_stray_braces_with_their_place() {
        assert_eq!(Template::parse("a {b").unwrap_err().0, 2);
        assert_eq!(Template::parse("ab }").unwrap_err().0, 3);
        assert_eq!(Template::parse("{Two Words}").unwrap_err().0, 0);
    }
}
