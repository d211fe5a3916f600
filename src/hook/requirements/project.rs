//! `pyproject.toml`, `uv.lock` and `poetry.lock`.

use toml::{Table, Value};

use super::{Entry, Found, Requirement, is_package, parse, versions};

/// What a TOML file of the bot names; `file` tells which kind it is.
///
/// # Errors
/// Where it is no TOML.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Found>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    Ok(if file == "pyproject.toml" { project(&table) } else { lock(&table) })
}

/// A lock file: `[[package]]` with name and version, in uv's and in Poetry's.
fn lock(table: &Table) -> Vec<Found> {
    let packages = table.get("package").and_then(Value::as_array).into_iter().flatten();
    packages
        .filter_map(|package| {
            let name = package.get("name")?.as_str().filter(|name| is_package(name))?.to_owned();
            let version = package.get("version").and_then(Value::as_str);
            let exact = version.and_then(|version| versions(&format!("=={version}")));
            let entry = match exact {
                Some(versions) if !comes_from_elsewhere(package) => {
                    Entry::Plain(Requirement { name: name.clone(), extras: Vec::new(), versions })
                }
                _ => Entry::Other("by a URL or path; install it as they say"),
            };
            Some(Found { name, entry, locked: true })
        })
        .collect()
}

/// Whether a locked package is not from an index: uv writes `source = { git = … }`, Poetry a table
/// `[package.source]` with a type.
fn comes_from_elsewhere(package: &Value) -> bool {
    let Some(source) = package.get("source") else { return false };
    let kind = source.get("type").and_then(Value::as_str);
    source.get("registry").is_none() && kind != Some("legacy")
}

fn project(table: &Table) -> Vec<Found> {
    let mut found = Vec::new();
    let mut take = |list: Option<&Value>| {
        let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        found.extend(texts.filter_map(parse));
    };
    let project = table.get("project");
    take(project.and_then(|project| project.get("dependencies")));
    let groups = [
        project.and_then(|project| project.get("optional-dependencies")),
        table.get("dependency-groups"),
    ];
    for group in groups.into_iter().flatten().filter_map(Value::as_table) {
        group.values().for_each(|list| take(Some(list)));
    }
    let tool = table.get("tool");
    take(tool.and_then(|tool| tool.get("uv")?.get("dev-dependencies")));
    let poetry = tool.and_then(|tool| tool.get("poetry"));
    let mut tables: Vec<&Value> = Vec::new();
    tables.extend(poetry.and_then(|poetry| poetry.get("dependencies")));
    tables.extend(poetry.and_then(|poetry| poetry.get("dev-dependencies")));
    if let Some(groups) = poetry.and_then(|poetry| poetry.get("group")?.as_table()) {
        tables.extend(groups.values().filter_map(|group| group.get("dependencies")));
    }
    for (name, value) in tables.into_iter().filter_map(Value::as_table).flatten() {
        if name != "python" && is_package(name) {
            found.push(Found {
                name: name.clone(),
                entry: poetry_entry(name, value),
                locked: false,
            });
        }
    }
    found
}

/// A dependency as Poetry writes it: a version, or a table with one.
fn poetry_entry(name: &str, value: &Value) -> Entry {
    const UNCLEAR: Entry = Entry::Other("in a form that is not understood; install it by hand");
    let elsewhere = ["git", "path", "url", "file"].iter().any(|key| value.get(key).is_some());
    if elsewhere {
        return Entry::Other("by a URL or path; install it as they say");
    }
    let version = value.as_str().or_else(|| value.get("version")?.as_str());
    let Some(versions) = version.and_then(poetry_versions) else { return UNCLEAR };
    let extras: Vec<String> = value
        .get("extras")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|extra| extra.as_str().filter(|extra| is_package(extra)).map(str::to_owned))
        .collect();
    Entry::Plain(Requirement { name: name.to_owned(), extras, versions })
}

/// Poetry's `^1.2`, `~1.2`, `1.2` and `*` as version specifiers.
///
/// Source: Poetry's documentation, "Dependency specification".
fn poetry_versions(text: &str) -> Option<String> {
    let parts = text.split(',').map(str::trim).map(|part| {
        if part == "*" || part.is_empty() {
            return Some(String::new());
        }
        if let Some(version) = part.strip_prefix('^') {
            return next(version, false).map(|next| format!(">={version},<{next}"));
        }
        if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
            return next(version, true).map(|next| format!(">={version},<{next}"));
        }
        if part.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(format!("=={part}"));
        }
        Some(part.to_owned())
    });
    let parts: Option<Vec<String>> = parts.collect();
    versions(&parts?.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// The first version that `^version` (or, with `minor`, `~version`) no longer allows.
fn next(version: &str, minor: bool) -> Option<String> {
    let numbers: Vec<u64> =
        version.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<_>>>()?;
    let at = if minor {
        // `~1` allows any 1, `~1.2` and `~1.2.3` any 1.2.
        numbers.len().min(2) - 1
    } else {
        // The first number that is not zero may not change.
        numbers.iter().position(|&number| number > 0).unwrap_or(numbers.len() - 1)
    };
    let mut next: Vec<u64> = numbers[..=at].to_vec();
    next[at] = next[at].checked_add(1)?;
    next.resize(numbers.len().max(2), 0);
    Some(next.iter().map(u64::to_string).collect::<Vec<_>>().join("."))
}
