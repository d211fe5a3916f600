//! What a value looks like on its own: random, a mask, a word, a number, a path, or a name.

/// Looks made by a machine: somewhere at least `length` letters and digits in one piece, with both,
/// either all hexadecimal or of both cases.
pub(super) fn looks_random(value: &str, length: usize) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let has = |test: fn(&u8) -> bool| run.bytes().any(|b| test(&b));
        let (lower, upper) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
        run.len() >= length
            && has(u8::is_ascii_digit)
            && ((lower && upper)
                || ((lower || upper) && run.bytes().all(|b| b.is_ascii_hexdigit())))
    })
}

/// A weak name's value must speak for itself.
pub(super) fn looks_like_token(value: &str, name: &str) -> bool {
    let short = name.ends_with("token") || name.ends_with("auth");
    if value.starts_with("0x") && value.len() == 42 || is_uuid(value) {
        return false; // an address on a chain; an id
    }
    looks_random(value, 16)
        || (short && value.len() >= 10 && {
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            let lower = value.bytes().filter(u8::is_ascii_lowercase).count();
            digits >= 2 && lower >= 4 && value.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Nothing, a mask, or a place where something would be filled in: `***`, `${API_KEY}`, `{self.token}`,
/// `%(key)s`, `<your-secret>`.
pub(super) fn is_placeholder(value: &str) -> bool {
    let mask = |c: char| matches!(c, '*' | '.' | '…' | '•' | '#' | '-' | '_' | 'x' | 'X');
    if value.chars().all(mask) {
        return true;
    }
    let named = |rest: &str, more: &str| {
        rest.chars().all(|c| c.is_ascii_alphabetic() || more.contains(c)) && !rest.is_empty()
    };
    match value.as_bytes() {
        [b'$', b'{', ..] => named(&value[2..], "_}"),
        [b'$', ..] => named(&value[1..], "_") && !value.bytes().any(|b| b.is_ascii_lowercase()),
        [b'{', ..] => value == "{" || named(&value[1..], "_.[]'\"()}"),
        [b'%', ..] => value == "%s" || value == "%r" || value.starts_with("%("),
        [b'<', ..] => value == "<" || named(&value[1..], "_- >"),
        _ => false,
    }
}

/// What is said *about* secrets.
const SAID: [&str; 56] = [
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "ok",
    "set",
    "unset",
    "empty",
    "missing",
    "invalid",
    "expired",
    "required",
    "not",
    "is",
    "was",
    "are",
    "hidden",
    "redacted",
    "masked",
    "incorrect",
    "wrong",
    "error",
    "failed",
    "failure",
    "denied",
    "unauthorized",
    "forbidden",
    "rejected",
    "revoked",
    "unknown",
    "present",
    "absent",
    "found",
    "valid",
    "verified",
    "refreshed",
    "loaded",
    "string",
    "str",
    "bytes",
    "int",
    "dict",
    "nonetype",
    "optional",
    "mismatch",
    "disabled",
    "enabled",
    "cannot",
    "must",
    "please",
];

/// Words said about a secret, and sentences.
pub(super) fn is_prose(value: &str) -> bool {
    let mut words = value.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    if value.contains(' ') {
        let sentence = value.ends_with(['.', '!']) && value.split(' ').count() > 2;
        let mut said = words.any(|word| SAID.contains(&word.to_ascii_lowercase().as_str()));
        said |= sentence;
        return said && !looks_random(value, 16);
    }
    let digits = value.bytes().any(|b| b.is_ascii_digit());
    !digits
        && words.clone().next().is_some()
        && words.all(|word| SAID.contains(&word.to_ascii_lowercase().as_str()))
}

/// An error code or status behind a colon.
pub(super) fn is_short_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A file: `/run/secrets/key`, `~/.bot/key`, `C:\bot\key`. Base64 that begins with a slash has capitals.
pub(super) fn is_path(value: &str) -> bool {
    let wordy = |path: &str| !path.bytes().any(|b| b.is_ascii_uppercase() || b"+=".contains(&b));
    (value.starts_with('/') && value[1..].contains(['/', '.']) && wordy(value))
        || value.starts_with("~/")
        || value.starts_with("./")
        || value.get(1..3) == Some(":\\")
}

/// A name made of nothing but the words that variables for secrets are made of: `BINANCE_API_KEY`.
pub(super) fn is_name_of_secret(value: &str) -> bool {
    const WORDS: [&str; 62] = [
        "api",
        "apikey",
        "apisecret",
        "key",
        "keys",
        "secret",
        "secrets",
        "token",
        "pass",
        "password",
        "passphrase",
        "passwd",
        "pw",
        "pwd",
        "self",
        "cls",
        "config",
        "conf",
        "cfg",
        "settings",
        "env",
        "environ",
        "os",
        "args",
        "creds",
        "cred",
        "credential",
        "credentials",
        "bot",
        "exchange",
        "client",
        "binance",
        "bybit",
        "okx",
        "kucoin",
        "kraken",
        "coinbase",
        "telegram",
        "discord",
        "my",
        "user",
        "private",
        "public",
        "wallet",
        "access",
        "auth",
        "authorization",
        "signature",
        "sign",
        "sig",
        "sec",
        "listen",
        "value",
        "val",
        "id",
        "uid",
        "k",
        "s",
        "v",
        "t",
        "p",
        "mnemonic",
    ];
    let starts_well = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let identifier =
        value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    starts_well
        && identifier
        && split_words(value).all(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// `apiKey`, `API_KEY`, `x-api-key` to their words.
fn split_words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['_', '-']).filter(|part| !part.is_empty()).flat_map(|part| {
        let mut humps = Vec::new();
        let mut start = 0;
        let bytes = part.as_bytes();
        for at in 1..bytes.len() {
            if bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase() {
                humps.push(&part[start..at]);
                start = at;
            }
        }
        humps.push(&part[start..]);
        humps
    })
}
