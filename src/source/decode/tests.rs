use std::io::{Cursor, Write};

use super::*;

const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Zstd, Codec::Xz, Codec::Bzip2];

fn pack(codec: Codec, text: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Codec::Zstd => {
            let mut out = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            // As the command line tool does.
            out.include_checksum(true).unwrap();
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
        Codec::Xz => liblzma::encode_all(text, 1).unwrap(),
        Codec::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }
    }
}

/// All that can be unpacked, and the error behind it.
fn unpack(codec: Codec, bytes: Vec<u8>, limit: u64) -> (Vec<u8>, Option<String>) {
    let mut decoder = Decoder::new(codec, Peek::new(Box::new(Cursor::new(bytes))), limit).unwrap();
    let mut text = Vec::new();
    let error = decoder.read_to_end(&mut text).err().map(|error| error.to_string());
    assert_eq!(decoder.read(&mut [0; 8]).unwrap(), 0, "the end stays the end");
    (text, error)
}

/// Text that does not pack too well, so that a cut falls into its midst.
fn text() -> Vec<u8> {
    let mut seed = 1u64;
    let mut out = Vec::new();
    while out.len() < 512 << 10 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(out, "2026-08-11 10:00:00 INFO price {}", seed >> 20).unwrap();
    }
    out
}

#[test]
fn codecs_are_told_by_content() {
    for codec in CODECS {
        assert_eq!(Codec::of(&pack(codec, b"text")), Some(codec));
        assert_eq!(Codec::of(&pack(codec, b"")), Some(codec), "{codec:?} of nothing");
    }
    assert_eq!(Codec::of(b"BZh9 is a word here"), None);
    assert_eq!(Codec::of(b"2026-08-11"), None);
    assert_eq!(Codec::of(b""), None);
}

#[test]
fn members_are_read_one_after_the_other() {
    let text = text();
    for codec in CODECS {
        let parts: Vec<u8> = [&text[..1_000], b"", &text[1_000..]]
            .iter()
            .flat_map(|part| pack(codec, part))
            .collect();
        assert_eq!(unpack(codec, parts.clone(), u64::MAX), (text.clone(), None), "{codec:?}");
        let padded = [parts, vec![0; 100_000]].concat();
        assert_eq!(unpack(codec, padded, u64::MAX), (text.clone(), None), "{codec:?} padded");
    }
    // As many as a tool that packs in small blocks writes.
    let many = pack(Codec::Gzip, b"line\n").repeat(20_000);
    assert_eq!(unpack(Codec::Gzip, many, u64::MAX), (b"line\n".repeat(20_000), None));
}

#[test]
fn data_that_ends_early_is_read_as_far_as_it_goes() {
    let text = text();
    for codec in CODECS {
        let packed = pack(codec, &text);
        for part in [1, 2, 3] {
            let cut = packed.len() * part / 4;
            let (seen, error) = unpack(codec, packed[..cut].to_vec(), u64::MAX);
            assert!(text.starts_with(&seen));
            let floor = (text.len() * part / 4).saturating_sub(256 << 10);
            assert!(seen.len() >= floor, "{codec:?} {part}/4 gave {}", seen.len());
            let expected = format!("{} data ends early (read {} bytes)", codec.name(), seen.len());
            assert_eq!(error, Some(expected));
        }
        let (seen, error) = unpack(codec, packed[..packed.len() - 1].to_vec(), u64::MAX);
        assert!(text.starts_with(&seen));
        assert!(error.unwrap().contains("ends early"), "{codec:?} without its last byte");
    }
}

#[test]
fn damaged_data_is_read_as_far_as_it_goes() {
    let text = text();
    for codec in CODECS {
        let mut packed = pack(codec, &text);
        let middle = packed.len() / 2;
        for byte in &mut packed[middle..middle + 64] {
            *byte ^= 0x5a;
        }
        let (seen, error) = unpack(codec, packed, u64::MAX);
        let error = error.unwrap();
        let expected = format!("{} data cannot be read after {} bytes: ", codec.name(), seen.len());
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn what_follows_the_data_is_told() {
    for codec in CODECS {
        let bytes = [pack(codec, b"text\n"), b"garbage".to_vec()].concat();
        let expected = format!("something else follows the {} data", codec.name());
        assert_eq!(unpack(codec, bytes, u64::MAX), (b"text\n".to_vec(), Some(expected)));
    }
}

#[test]
fn a_bomb_is_read_up_to_the_limit() {
    let zeros = vec![0; 3 << 20];
    for codec in CODECS {
        let packed = pack(codec, &zeros);
        assert_eq!(unpack(codec, packed.clone(), 3 << 20), (zeros.clone(), None), "just fits");
        let (seen, error) = unpack(codec, packed, 1_000_000);
        assert_eq!(seen.len(), 1_000_000);
        let name = codec.name();
        let expected =
            format!("{name} data unfolds to more than 1000000 bytes; the rest was not read");
        assert_eq!(error, Some(expected));
    }
}

#[test]
fn a_window_larger_than_the_limit_is_refused() {
    // 256 MiB: twice the limit. The packed size must not be known, or a smaller window is written.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(&text()).unwrap();
    let (seen, error) = unpack(Codec::Zstd, encoder.finish().unwrap(), u64::MAX);
    assert_eq!(seen, b"");
    assert!(error.unwrap().starts_with("zstd data cannot be read after 0 bytes: "));

    let mut options = liblzma::stream::LzmaOptions::new_preset(0).unwrap();
    options.dict_size(256 << 20);
    let mut filters = liblzma::stream::Filters::new();
    filters.lzma2(&options);
    let stream = Stream::new_stream_encoder(&filters, liblzma::stream::Check::Crc32).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(b"text").unwrap();
    let (seen, error) = unpack(Codec::Xz, encoder.finish().unwrap(), u64::MAX);
    assert_eq!(seen, b"");
    assert!(error.unwrap().starts_with("xz data cannot be read after 0 bytes: "));
}

proptest::proptest! {
    #[test]
    fn no_bytes_behind_a_mark_do_harm(codec in 0usize..4, bytes: Vec<u8>, keep in 0usize..40) {
        let packed = pack(CODECS[codec], b"some text that is packed\n");
        let keep = keep.min(packed.len());
        unpack(CODECS[codec], [&packed[..keep], &bytes].concat(), 1 << 20);
    }
}
