//! Captures into sentences: `{name}`, `{name|default}`, and `{{` / `}}` for braces.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A sentence with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// As written; [`Template::parse`] has seen that its braces are right.
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Hole { name: &'t str, default: Option<&'t str> },
}

/// Steps through a sentence part by part. An error tells at which byte of it what is wrong.
struct Parts<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Parts<'t> {
    type Item = Result<Part<'t>, (usize, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.text.get(at..).filter(|rest| !rest.is_empty())?;
        if rest.starts_with("{{") || rest.starts_with("}}") {
            self.at += 2;
            return Some(Ok(Part::Text(&rest[..1])));
        }
        if rest.starts_with('}') {
            self.at = self.text.len();
            return Some(Err((at, "`}` without `{`; a literal brace is written `}}`".into())));
        }
        if rest.starts_with('{') {
            let Some(end) = rest.find('}') else {
                self.at = self.text.len();
                return Some(Err((at, "`{` without `}`; a literal brace is written `{{`".into())));
            };
            self.at += end + 1;
            return Some(hole(&rest[1..end]).map_err(|what| (at, what)));
        }
        let end = rest.find(['{', '}']).unwrap_or(rest.len());
        self.at += end;
        Some(Ok(Part::Text(&rest[..end])))
    }
}

/// What stands between braces: `name` or `name|default`.
fn hole(text: &str) -> Result<Part<'_>, String> {
    let (name, default) = match text.split_once('|') {
        Some((name, default)) => (name, Some(default)),
        None => (text, None),
    };
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_name {
        Ok(Part::Hole { name, default })
    } else {
        Err(format!("`{name}` is not the name of a capture"))
    }
}

impl Template {
    /// Checks a sentence. The error tells at which byte of it what is wrong.
    pub fn parse(text: &str) -> Result<Template, (usize, String)> {
        for part in (Parts { text, at: 0 }) {
            part?;
        }
        Ok(Template { text: text.to_owned() })
    }

    /// A sentence without words, in place of one that was refused.
    pub(super) fn empty() -> Template {
        Template { text: String::new() }
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        Parts { text: &self.text, at: 0 }.filter_map(Result::ok)
    }

    /// The sentence with its holes filled; `None` where a capture without default is missing.
    pub fn fill(&self, captures: &BTreeMap<String, String>) -> Option<String> {
        let mut filled = String::with_capacity(self.text.len());
        for part in self.parts() {
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
        self.parts().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Hole { name, default } => Some((name, default.is_none())),
        })
    }

    /// A word in literal braces, which readers would take for a hole that was not filled.
    pub(super) fn looks_unfilled(&self) -> Option<String> {
        // Holes become spaces: what is captured is not judged here.
        let printed: String = self
            .parts()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Hole { .. } => " ",
            })
            .collect();
        printed.split('{').skip(1).find_map(|behind| {
            let (word, _) = behind.split_once('}')?;
            let is_word =
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            is_word.then(|| format!("{{{word}}}"))
        })
    }

    /// The sentence for people who read about the rule: defaults filled in, other holes in capitals.
    pub fn words(&self) -> String {
        self.parts()
            .map(|part| match part {
                Part::Text(text) => text.to_owned(),
                Part::Hole { default: Some(default), .. } => default.to_owned(),
                Part::Hole { name, .. } => name.to_ascii_uppercase(),
            })
            .collect()
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
    fn words_in_literal_braces_look_unfilled() {
        let unfilled = |text: &str| Template::parse(text).unwrap().looks_unfilled();
        assert_eq!(unfilled("curl -w '%{{http_code}}'"), Some("{http_code}".into()));
        assert_eq!(unfilled("awk '{{print $5}}' in {path}"), None);
        assert_eq!(unfilled("retries={{'mode': 'adaptive'}}"), None);
    }

    #[test]
    fn refuses_stray_braces_with_their_place() {
        assert_eq!(Template::parse("a {b").unwrap_err().0, 2);
        assert_eq!(Template::parse("ab }").unwrap_err().0, 3);
        assert_eq!(Template::parse("{Two Words}").unwrap_err().0, 0);
    }
}
