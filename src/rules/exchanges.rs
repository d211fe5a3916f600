//! Error codes by exchange, and the shapes in which codes appear in text.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::LazyRegex;

/// All exchange tables and code contexts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Exchanges {
    /// One an exchange, sorted by id.
    pub tables: Vec<Exchange>,
    /// Shapes of codes in text.
    pub contexts: Vec<CodeContext>,
    /// Made when it is first asked for; the tables must not be changed any more then.
    #[serde(skip)]
    index: OnceLock<Index>,
}

/// Indexes of tables, by what a log calls them.
#[derive(Debug, Default)]
struct Index {
    ids: HashMap<String, usize>,
    hosts: HashMap<String, usize>,
    modules: HashMap<String, usize>,
}

/// One exchange's errors.
#[derive(Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// Lower-case id.
    pub id: String,
    /// ccxt ids that share the table.
    pub ids: Vec<String>,
    /// Host suffixes.
    pub hosts: Vec<String>,
    /// Python packages of its clients.
    pub modules: Vec<String>,
    /// Codes that it uses for something that is no row of its own, while another exchange has a row for them.
    pub otherwise: Vec<String>,
    /// Its errors, specific ones first.
    pub errors: Vec<ExchangeError>,
}

/// One error of an exchange.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExchangeError {
    /// Code as sent, where it has one.
    pub code: Option<String>,
    /// Message text, for errors without a code.
    pub message: Option<String>,
    /// Text that must stand in the message as well.
    pub contains: Option<String>,
    /// Id of the rule it belongs to.
    pub rule: String,
    /// What it means, in a few words.
    pub means: String,
}

/// One shape of a code in text: numbers never match bare.
#[derive(Debug, Serialize, Deserialize)]
pub struct CodeContext {
    /// Its name.
    pub name: String,
    /// Text that always stands there.
    pub literal: String,
    /// The code follows the literal, with nothing but a separator and a quote between.
    pub direct: bool,
    /// Only codes of this exchange appear so.
    pub exchange: Option<String>,
    /// Captures `code`.
    pub regex: LazyRegex,
    /// What it must find.
    #[serde(skip)]
    pub examples: Vec<CodeExample>,
    /// File it came from.
    pub file: String,
}

/// A text and the code that its context must find in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct CodeExample {
    /// The text.
    pub text: String,
    /// The code.
    pub code: String,
    /// Line of the example in its file.
    pub line: usize,
}

impl Exchanges {
    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (at, table) in self.tables.iter().enumerate() {
                for id in std::iter::once(&table.id).chain(&table.ids) {
                    index.ids.entry(id.clone()).or_insert(at);
                }
                index.hosts.extend(table.hosts.iter().map(|host| (host.clone(), at)));
                for module in &table.modules {
                    index.modules.entry(module.clone()).or_insert(at);
                }
            }
            index
        })
    }

    /// The exchange with that ccxt id or table id.
    pub fn by_id(&self, id: &str) -> Option<&Exchange> {
        self.index().ids.get(id).map(|&at| &self.tables[at])
    }

    /// The exchange that this host belongs to.
    pub fn by_host(&self, host: &str) -> Option<&Exchange> {
        let hosts = &self.index().hosts;
        let suffixes = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
        // The longest suffix: `futures.kraken.com` has a table of its own beside `kraken.com`.
        let at = std::iter::once(host).chain(suffixes).find_map(|suffix| hosts.get(suffix));
        at.map(|&at| &self.tables[at])
    }

    /// The exchange whose Python client has this top-level package.
    pub fn by_module(&self, module: &str) -> Option<&Exchange> {
        self.index().modules.get(module).map(|&at| &self.tables[at])
    }
}

impl ExchangeError {
    /// The message where it is a code in words, such as `EAPI:Invalid key` or `INVALID_KEY`; else empty.
    pub fn message_code(&self) -> &str {
        let message = self.message.as_deref().unwrap_or("");
        let category = message.split_once(':').is_some_and(|(category, rest)| {
            category.starts_with('E')
                && category.bytes().all(|b| b.is_ascii_alphabetic())
                && !rest.starts_with("//")
        });
        let word = message.contains(['_', '-'])
            && message.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if category || word { message } else { "" }
    }
}

impl Exchange {
    /// The row for a code, by the message it came with.
    pub fn by_code(&self, code: &str, text: &str) -> Option<&ExchangeError> {
        self.errors.iter().find(|error| {
            error.code.as_deref() == Some(code)
                && error.contains.as_deref().is_none_or(|part| text.contains(part))
        })
    }

    /// The row for a message without a code.
    pub fn by_message(&self, text: &str) -> Option<&ExchangeError> {
        self.errors.iter().find(|error| {
            error.message.as_deref().is_some_and(|message| text.contains(message))
                && error.contains.as_deref().is_none_or(|part| text.contains(part))
        })
    }
}
