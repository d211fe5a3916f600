//! Secrets told by their own form, wherever they stand.

use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::Secret;
use super::looks::looks_random;

/// One form: its kind, what it holds, a regex whose group 1 is the secret, and a further test of that group.
struct Form {
    kind: &'static str,
    /// Texts one of which stands in every match, in lower case.
    holds: &'static [&'static str],
    /// What else is true of every text with a match.
    needs: fn(&str) -> bool,
    regex: &'static str,
    is_secret: fn(&str) -> bool,
}

/// Forms as their issuers document them. Where a URL's path holds the secret, the path alone is matched:
/// urllib3 logs host and path apart (`HTTPSConnectionPool(host='discord.com', …) … with url: /api/…`).
static FORMS: [Form; 14] = [
    Form {
        // RFC 7468, with newlines as written or as `\n`; the end may be cut off.
        kind: "private-key",
        holds: &["-----begin "],
        needs: |_| true,
        regex: r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----((?:[A-Za-z0-9+/=:,\s]|-[A-Za-z]|\\+[nr])+(?:-----END [A-Z0-9 ]*-----)?)",
        is_secret: |_| true,
    },
    Form {
        kind: "jwt",
        holds: &["eyj"],
        needs: |_| true,
        regex: r"\b(eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?)",
        is_secret: |_| true,
    },
    Form {
        kind: "aws-key",
        holds: &["akia", "asia"],
        needs: |_| true,
        regex: r"\b((?:AKIA|ASIA)[A-Z0-9]{16})\b",
        is_secret: |_| true,
    },
    Form {
        kind: "token",
        holds: &[
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "npm_",
            "pypi-",
            "hf_",
            "sg.",
            "aiza",
        ],
        needs: |_| true,
        regex: r"\b((?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|hf_)[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{35})",
        is_secret: |_| true,
    },
    Form {
        kind: "token",
        holds: &["xox", "xapp-"],
        needs: |_| true,
        regex: r"\b((?:xox[a-z](?:\.xox[a-z])?|xapp)-[A-Za-z0-9-]{10,})",
        is_secret: |_| true,
    },
    Form {
        // `sk-…` of language model services, `sk_live_…` of Stripe.
        kind: "api-key",
        holds: &["sk-", "sk_", "rk-", "rk_"],
        needs: |_| true,
        regex: r"\b([sr]k[-_][A-Za-z0-9_-]{16,})",
        is_secret: |text| text.bytes().any(|b| b.is_ascii_digit()),
    },
    Form {
        // Bot API: `<bot id>:<35 characters>`, in URLs behind `bot`.
        kind: "telegram-token",
        holds: &[":", "%3a"],
        needs: holds_number,
        regex: r"(?:(?-u:\b)|bot)([0-9]{6,12}(?::|%3[Aa])[A-Za-z0-9_-]{30,})",
        is_secret: |_| true,
    },
    Form {
        kind: "webhook",
        holds: &["/services/t"],
        needs: |_| true,
        regex: r"/services/(T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{12,})",
        is_secret: |_| true,
    },
    Form {
        kind: "webhook",
        holds: &["/webhooks/"],
        needs: |_| true,
        regex: r"/webhooks/(\d{5,}/[A-Za-z0-9_-]{16,})",
        is_secret: |_| true,
    },
    Form {
        kind: "webhook",
        holds: &["webhook.office.com/"],
        needs: |_| true,
        regex: r"webhook\.office\.com/(webhookb2/[A-Za-z0-9@/_-]{16,})",
        is_secret: |_| true,
    },
    Form {
        // Keys that node providers (Infura, Alchemy) want in the path.
        kind: "api-key",
        holds: &["/v2/", "/v3/"],
        needs: |text| holds_word(text, 32),
        regex: r"/v[23]/([0-9a-f]{32}|[A-Za-z0-9_-]{32})\b",
        is_secret: |text| looks_random(text, 12),
    },
    Form {
        // Binance user data streams carry the listen key in the path.
        kind: "listen-key",
        holds: &["/ws/", "/stream/"],
        needs: |text| holds_word(text, 40),
        regex: r"/(?:ws|stream)/([A-Za-z0-9]{40,})\b",
        is_secret: |_| true,
    },
    Form {
        // Bybit repeats what was signed, the API key in it: `origin_string[1658…<key>5000symbol=…]`.
        kind: "signed-text",
        holds: &["origin_string["],
        needs: |_| true,
        regex: r"origin_string\[([^\]\[\s]+)",
        is_secret: |_| true,
    },
    Form {
        kind: "userinfo",
        holds: &["://"],
        needs: |text| text.contains('@'),
        regex: r#"://([^\s/"'<>?#\[\]]*)@"#,
        is_secret: |text| text.contains(':') || text.len() >= 16,
    },
];

/// A phrase of 12 to 24 words (BIP 39) not far behind a word that calls it one.
const PHRASE: &str = r"(?i:mnemonic|seed|phrase|recovery|wallet)[^\n]{0,40}?\b((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})\b";

/// The phrase as a form.
static MNEMONIC: Form = Form {
    kind: "mnemonic",
    holds: &["mnemonic", "seed", "phrase", "recovery", "wallet"],
    needs: |_| true,
    regex: PHRASE,
    is_secret: is_phrase,
};

/// A form whose regex is compiled when a text first holds what it needs: most logs hold few.
struct Lazy {
    form: &'static Form,
    regex: OnceLock<Regex>,
}

impl Lazy {
    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            Regex::new(self.form.regex).expect("forms are constants, compiled by a test")
        })
    }
}

fn forms() -> &'static [Lazy] {
    static COMPILED: OnceLock<Vec<Lazy>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        FORMS.iter().chain([&MNEMONIC]).map(|form| Lazy { form, regex: OnceLock::new() }).collect()
    })
}

/// All of them in order, none overlapping.
pub(super) fn find(text: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let lower = text.to_ascii_lowercase();
    for lazy in forms() {
        // `(?i)` knows more letters than ASCII's; a text that has others is tried on everything.
        let may_hold = !text.is_ascii()
            || lazy.form.holds.iter().any(|part| lower.contains(part)) && (lazy.form.needs)(text);
        if !may_hold {
            continue;
        }
        let Form { kind, is_secret, .. } = lazy.form;
        let group = |captures: Captures| captures.get(1).map(|group| group.range());
        secrets.extend(
            lazy.regex()
                .captures_iter(text)
                .filter_map(group)
                .filter(|span| is_secret(&text[span.clone()]))
                .map(|span| Secret { span, kind }),
        );
    }
    secrets.sort_by_key(|secret| (secret.span.start, usize::MAX - secret.span.end));
    let mut end = 0;
    secrets.retain(|secret| {
        let keep = secret.span.start >= end;
        if keep {
            end = secret.span.end;
        }
        keep
    });
    secrets
}

/// Whether so many letters, digits, `_` and `-` stand in a row.
fn holds_word(text: &str, least: usize) -> bool {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.as_bytes().split(|byte| !is_of_word(byte)).any(|word| word.len() >= least)
}

/// Whether a bot's id with its colon stands in a text: times and prices are shorter.
fn holds_number(text: &str) -> bool {
    let mut digits = 0;
    text.bytes().any(|byte| {
        let before = digits;
        digits = if byte.is_ascii_digit() { before + 1 } else { 0 };
        before >= 6 && matches!(byte, b':' | b'%')
    })
}

/// BIP 39 knows phrases of these lengths only; a sentence of exactly so many short words is rare.
fn is_phrase(text: &str) -> bool {
    let words = text.split([' ', ',']).filter(|word| !word.is_empty()).count();
    matches!(words, 12 | 15 | 18 | 21 | 24)
}
