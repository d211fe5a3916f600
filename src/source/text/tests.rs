use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

/// Gives at most so many bytes at a time.
struct Drops(Cursor<Vec<u8>>, usize);

impl Read for Drops {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.1);
        self.0.read(&mut buf[..n])
    }
}

fn turned(bytes: Vec<u8>, big_endian: bool, drop: usize) -> String {
    let mut text = String::new();
    Utf16::new(Drops(Cursor::new(bytes), drop), big_endian).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn encodings_are_told_by_the_first_bytes() {
    let little = Encoding::Utf16 { big_endian: false };
    let big = Encoding::Utf16 { big_endian: true };
    let plain = Encoding::Bytes { mark: 0 };
    for (head, expected) in [
        (b"\xef\xbb\xbftext".to_vec(), Encoding::Bytes { mark: 3 }),
        (utf16("\u{feff}log", false), little),
        (utf16("\u{feff}log", true), big),
        (utf16("2026-08-11 INFO started\r\n", false), little),
        (utf16("2026-08-11 INFO started\r\n", true), big),
        (utf16("2026-08-11 INFO \u{20ac} 5.00\r\n", false), little),
        (b"2026-08-11 INFO started\r\n".to_vec(), plain),
        (b"".to_vec(), plain),
        (b"a\0".to_vec(), plain),
        (vec![0; 4_096], plain),
        ([vec![0; 501], b"2026-08-11 INFO".to_vec()].concat(), plain),
        ("\u{65e5}\u{672c}\u{8a9e}".as_bytes().to_vec(), plain),
    ] {
        assert_eq!(encoding(&head), expected, "{head:?}");
    }
}

#[test]
fn what_is_no_character_is_replaced() {
    let lone =
        |unit: u16| [&utf16("a", false)[..], &unit.to_le_bytes(), &utf16("b", false)].concat();
    for drop in [1, 2, 3, 100] {
        assert_eq!(turned(lone(0xd800), false, drop), "a\u{fffd}b");
        assert_eq!(turned(lone(0xdc00), false, drop), "a\u{fffd}b");
        assert_eq!(turned(b"a\0b".to_vec(), false, drop), "a\u{fffd}");
        assert_eq!(turned(b"a\0\x00\xd8".to_vec(), false, drop), "a\u{fffd}");
        assert_eq!(turned(utf16("\u{feff}", true), true, drop), "");
        assert_eq!(turned(utf16("a\u{feff}", true), true, drop), "a\u{feff}", "not a mark");
    }
}

proptest! {
    #[test]
    fn any_text_comes_back(text: String, big_endian: bool, mark: bool, drop in 1usize..9) {
        prop_assume!(!text.starts_with('\u{feff}'));
        let marked = if mark { format!("\u{feff}{text}") } else { text.clone() };
        prop_assert_eq!(turned(utf16(&marked, big_endian), big_endian, drop), text);
    }
}
