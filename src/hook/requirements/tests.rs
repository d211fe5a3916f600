use std::fs;

use proptest::prelude::*;

use super::*;

/// The word for `name` where the bot's folder holds these files.
fn word(files: &[(&str, &str)], name: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    find(&[], Some(folder.path()), &[name]).map(|requirement| requirement.as_word())
}

#[test]
fn requirements_files() {
    let text = "\
# what the bot needs
ccxt==4.4.1  # pinned
web3 >= 6.0, < 7
python-telegram-bot[job-queue, webhooks]~=21.0
Pandas_TA ; python_version > '3.8'
numpy==1.26.4 \\
    --hash=sha256:1111 \\
    --hash=sha256:2222
uvloop (>=0.17)
-r more/extra.txt
--index-url https://packages.example.org/simple
own @ git+https://example.org/own.git
git+https://example.org/other.git#egg=other
./local
";
    let files = [("requirements.txt", text), ("more/extra.txt", "-r ../requirements.txt\nredis\n")];
    for (name, expected) in [
        ("ccxt", "ccxt==4.4.1"),
        ("web3", "web3>=6.0,<7"),
        ("Python_Telegram.Bot", "python-telegram-bot[job-queue,webhooks]~=21.0"),
        ("pandas-ta", "Pandas_TA"),
        ("numpy", "numpy==1.26.4"),
        ("uvloop", "uvloop>=0.17"),
        ("redis", "redis"),
    ] {
        assert_eq!(word(&files, name).unwrap(), expected);
    }
    assert!(word(&files, "requests").unwrap_err().contains("do not name"));
    assert!(word(&files, "own").unwrap_err().contains("by a URL"));
    assert!(word(&files, "other").unwrap_err().contains("by a URL"));
    assert!(word(&[], "ccxt").unwrap_err().contains("has no requirements*.txt"));
    assert!(find(&[], None, &["ccxt"]).unwrap_err().contains("--source-root"));
}

#[test]
fn other_requirement_files_count_too() {
    assert_eq!(word(&[("requirements-live.txt", "ccxt==1.0")], "ccxt").unwrap(), "ccxt==1.0");
    assert_eq!(word(&[("requirements/base.txt", "ccxt==1.0")], "ccxt").unwrap(), "ccxt==1.0");
    assert!(word(&[("notes.txt", "ccxt==1.0")], "ccxt").is_err());
}

#[test]
fn projects() {
    let text = r#"
[project]
dependencies = ["ccxt==4.4.1", "web3[tester]>=6 ; python_version >= '3.9'"]
[project.optional-dependencies]
chat = ["python-telegram-bot>=20"]
[dependency-groups]
dev = ["pytest", { include-group = "other" }]
[tool.poetry.dependencies]
python = "^3.11"
numpy = "^1.26.4"
scipy = "~1.11"
zero = "^0.3.2"
exact = "2.1"
any = "*"
redis = { version = ">=5,<6", extras = ["hiredis"] }
own = { git = "https://example.org/own.git" }
several = [{ version = "1" }, { version = "2" }]
[tool.poetry.group.live.dependencies]
uvloop = "^0.19"
"#;
    let files = [("pyproject.toml", text)];
    for (name, expected) in [
        ("ccxt", "ccxt==4.4.1"),
        ("web3", "web3[tester]>=6"),
        ("python-telegram-bot", "python-telegram-bot>=20"),
        ("pytest", "pytest"),
        ("numpy", "numpy>=1.26.4,<2.0.0"),
        ("scipy", "scipy>=1.11,<1.12"),
        ("zero", "zero>=0.3.2,<0.4.0"),
        ("exact", "exact==2.1"),
        ("any", "any"),
        ("redis", "redis[hiredis]>=5,<6"),
        ("uvloop", "uvloop>=0.19,<0.20"),
    ] {
        assert_eq!(word(&files, name).unwrap(), expected);
    }
    assert!(word(&files, "python").is_err());
    assert!(word(&files, "own").unwrap_err().contains("URL"));
    assert!(word(&files, "several").unwrap_err().contains("by hand"));
    let broken = [("pyproject.toml", "[project\n")];
    assert!(word(&broken, "ccxt").unwrap_err().contains("cannot be read"));
}

#[test]
fn the_lock_has_the_pin_and_the_project_the_extras() {
    let lock = r#"
version = 1
[[package]]
name = "ccxt"
version = "4.4.9"
source = { registry = "https://packages.example.org/simple" }
[[package]]
name = "python-telegram-bot"
version = "21.4"
[[package]]
name = "bot"
version = "0.1.0"
source = { editable = "." }
"#;
    let project = "[project]\ndependencies = [\"ccxt>=4\", \"python-telegram-bot[ext]\"]\n";
    for file in ["uv.lock", "poetry.lock"] {
        let files = [(file, lock), ("pyproject.toml", project)];
        assert_eq!(word(&files, "ccxt").unwrap(), "ccxt==4.4.9");
        assert_eq!(word(&files, "python-telegram-bot").unwrap(), "python-telegram-bot[ext]==21.4");
        assert!(word(&files, "bot").unwrap_err().contains("URL or path"));
    }
}

#[test]
fn what_is_not_clear_is_not_guessed() {
    let two = [("requirements.txt", "ccxt==1.0\nccxt==2.0\n")];
    assert!(word(&two, "ccxt").unwrap_err().contains("different versions"));
    let pinned =
        [("requirements.in.txt", "ccxt>=1"), ("requirements.txt", "ccxt[x]==2.0\nccxt==2.0")];
    assert_eq!(word(&pinned, "ccxt").unwrap(), "ccxt[x]==2.0");
}

#[test]
fn files_may_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("needs");
    fs::write(&file, "ccxt==1.0\n").unwrap();
    let found = find(&[file], None, &["cc", "ccxt"]).unwrap();
    assert_eq!(found.as_word(), "ccxt==1.0");
    let missing = find(&[folder.path().join("gone.txt")], None, &["ccxt"]).unwrap_err();
    assert!(missing.contains("cannot be read"), "{missing}");
}

proptest! {
    /// Whatever a file holds, what comes out of it is one word that is no option and no shell syntax.
    #[test]
    fn a_requirement_is_one_plain_word(line in any::<String>(), near in "[a-z]{1,5}(\\[[a-z ,;'-]{0,5}\\])?[=<>~!;@ ]{0,3}[0-9a-z.*$`|]{0,8}") {
        for line in [line, near] {
            if let Some(Found { entry: Entry::Plain(requirement), .. }) = parse(&line) {
                let word = requirement.as_word();
                prop_assert!(word.starts_with(|c: char| c.is_ascii_alphanumeric()));
                prop_assert!(word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.[],=<>~!*+".contains(&b)), "{}", word);
            }
        }
    }
}
