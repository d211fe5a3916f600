//! The TOML of rule files, as it is written. Nothing is judged here; see [`super::check`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// `rules/<pattern>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleFile {
    pub(super) pattern: Spanned<String>,
    #[serde(default)]
    pub(super) rule: Vec<RuleText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleText {
    pub(super) id: Spanned<String>,
    pub(super) title: String,
    pub(super) basis: Spanned<String>,
    #[serde(default)]
    pub(super) weight: i8,
    pub(super) confidence: Option<Spanned<f64>>,
    pub(super) summary: Spanned<String>,
    #[serde(default)]
    pub(super) take: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) capture: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) set: BTreeMap<String, String>,
    pub(super) effect: Option<Spanned<String>>,
    pub(super) at_most: Option<Spanned<String>>,
    pub(super) restart: Option<bool>,
    #[serde(default)]
    pub(super) source: Vec<String>,
    #[serde(default)]
    pub(super) when: Vec<Spanned<WhenText>>,
    pub(super) series: Option<Spanned<SeriesText>>,
    pub(super) fix: FixText,
    #[serde(default)]
    pub(super) example: Vec<ExampleText>,
    #[serde(default)]
    pub(super) near_miss: Vec<ExampleText>,
}

/// `[rule.series]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SeriesText {
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) rules: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) then: Vec<Spanned<WhenText>>,
    #[serde(default)]
    pub(super) then_rules: Vec<Spanned<String>>,
    pub(super) count: Option<Spanned<usize>>,
    pub(super) within: Option<Spanned<String>>,
    pub(super) lines: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) by: Vec<Spanned<String>>,
    pub(super) value: Option<Spanned<String>>,
    pub(super) limit: Option<Spanned<String>>,
    pub(super) share: Option<Spanned<f64>>,
    pub(super) times: Option<Spanned<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WhenText {
    pub(super) on: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) exception: Vec<String>,
    #[serde(default)]
    pub(super) any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) all: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) not: Vec<String>,
    #[serde(default)]
    pub(super) regex: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) raised_in: Vec<String>,
    pub(super) code: Option<Spanned<String>>,
    pub(super) severity: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) chain: Vec<String>,
    #[serde(default)]
    pub(super) ignore_case: bool,
    #[serde(default)]
    pub(super) own_module: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FixText {
    pub(super) summary: Spanned<String>,
    #[serde(default)]
    pub(super) steps: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) commands: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExampleText {
    pub(super) text: Spanned<String>,
    #[serde(default)]
    pub(super) captures: BTreeMap<String, String>,
    /// A line of a fixture, `file:line`, that shows it.
    pub(super) source: Option<String>,
}

/// `rules/captures.toml`: name of a set → how to find it.
pub(super) type CaptureFile = BTreeMap<String, CaptureText>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureText {
    pub(super) regex: Vec<Spanned<String>>,
}

/// `rules/exceptions.toml`: full class name → its direct bases.
pub(super) type ClassFile = BTreeMap<String, Vec<String>>;

/// `rules/codes.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeFile {
    #[serde(default)]
    pub(super) context: Vec<ContextText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextText {
    pub(super) name: String,
    pub(super) regex: Spanned<String>,
    pub(super) literal: Spanned<String>,
    #[serde(default)]
    pub(super) direct: bool,
    #[serde(default)]
    pub(super) exchange: Option<String>,
    #[serde(default)]
    pub(super) examples: Vec<ContextExample>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextExample {
    pub(super) text: Spanned<String>,
    pub(super) code: String,
}

/// `rules/exchanges/<id>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeFile {
    pub(super) exchange: String,
    #[serde(default)]
    pub(super) ids: Vec<String>,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[serde(default)]
    pub(super) modules: Vec<String>,
    #[serde(default)]
    pub(super) otherwise: Vec<String>,
    #[serde(default)]
    pub(super) error: Vec<Spanned<ErrorText>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorText {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) contains: Option<String>,
    pub(super) rule: Spanned<String>,
    pub(super) means: String,
}

/// `rules/runs.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkFile {
    #[serde(default)]
    pub(super) mark: Vec<MarkText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MarkText {
    pub(super) id: Spanned<String>,
    pub(super) kind: Spanned<String>,
    #[serde(default)]
    pub(super) any: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) not: Vec<String>,
    #[serde(default)]
    pub(super) regex: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) ignore_case: bool,
    #[serde(default)]
    pub(super) source: Vec<String>,
    #[serde(default)]
    pub(super) example: Vec<ExampleText>,
    #[serde(default)]
    pub(super) near_miss: Vec<ExampleText>,
}

/// `rules/chains.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainFile {
    #[serde(default)]
    pub(super) chain: Vec<ChainText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ChainText {
    pub(super) id: Spanned<String>,
    pub(super) cause: Vec<Spanned<String>>,
    pub(super) symptom: Vec<Spanned<String>>,
    pub(super) within: Spanned<String>,
    pub(super) lines: Option<u64>,
    #[serde(default)]
    pub(super) same: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) source: Vec<String>,
    #[serde(default)]
    pub(super) example: Vec<ExampleText>,
    #[serde(default)]
    pub(super) near_miss: Vec<ExampleText>,
}

/// `rules/patterns.toml`: what `explain` tells of a pattern.
pub(super) type PatternFile = BTreeMap<String, PatternText>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternText {
    pub(super) symptom: String,
    pub(super) why: String,
    pub(super) fix: String,
    pub(super) sample: String,
    pub(super) watch: String,
    pub(super) confirm: String,
}
