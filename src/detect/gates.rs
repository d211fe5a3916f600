//! The first step of the search: a filter that passes over healthy text at several bytes a cycle and
//! stops where one of the literals may stand.
//!
//! It looks at the text only at every fourth byte, at four bytes at once: a *gram*. Wherever a literal
//! stands, it stands in one of four ways to the places that are looked at, and for each way one gram of it
//! is chosen, one that healthy logs hold seldom and many literals share. So thousands of literals come
//! down to a few thousand grams, which lie as two bits each in one table of 128 KiB. A literal of five or
//! six bytes has no whole gram for some ways: there three bytes of it stand for the gram with any fourth.
//!
//! Where it stops, a second table is asked for the gram together with its *mate*, the literal's bytes next to
//! it, so that most stops at healthy text are over in a few cycles, without a branch that hangs on the text.
//!
//! It may give a place in vain (another text with the same bits), and never misses a literal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::weigh::{Counts, Healthy, worth};

/// Bytes between two positions that are looked at.
pub(super) const STRIDE: usize = 4;

/// Bytes of one gram.
pub(super) const GRAM: usize = 4;

/// Bytes of the shortest literal that is found.
const LEAST: usize = 5;

/// log2 of the words a table may have, of 32 bits: the smallest holds the built-in rules and lies in a core's
/// second cache; the largest is for a hundred times as many.
pub(super) const SIZES: [u32; 4] = [15, 16, 18, 21];

/// log2 of the buckets into which keys are sorted by their hash.
const BUCKETS: u32 = 14;

/// The filter.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Gates {
    count: usize,
    /// Every gram.
    pub(super) grams: Bits,
    /// Every gram with its mate, and without one where that is of less than four bytes.
    pub(super) mated: Bits,
    /// Sorted by the hashes of their keys.
    pub(super) places: Vec<Place>,
    /// For each bucket of hashes where its places begin, and where the last one's end.
    pub(super) starts: Vec<u32>,
    /// For each bucket of hashes of grams which kinds of keys they have, a bit each, in the order of [`KINDS`].
    pub(super) kinds: Vec<u16>,
}

/// A set of hashes, two bits for each: it may say that it holds one that it does not.
#[derive(Clone)]
pub(super) struct Bits {
    /// A power of two of them.
    pub(super) words: Vec<u32>,
}

/// A filter as the binary carries it.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// How many grams there are, one of which a byte may be anything counted for all that it may be.
    grams: usize,
    places: Vec<Place>,
}

/// A gram with its mate, and a literal that holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) key: Key,
    /// Id of the literal.
    pub(super) literal: u32,
    /// How far behind the literal's start the gram begins.
    pub(super) offset: i32,
}

/// What of a text stands for a literal: a gram and its mate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    kind: Kind,
    /// Bytes that may be anything are zero.
    gram: u32,
    mate: u32,
}

/// Which bytes next to a gram are its mate, or which of its own are not the literal's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The four before it.
    Before4,
    /// The four behind it.
    Behind4,
    Before3,
    Behind3,
    Before2,
    Behind2,
    /// None; the literal is hardly longer than the gram.
    Alone,
    /// The first of the gram is what stands before the literal.
    Last3,
    /// The last of the gram is what stands behind the literal.
    First3,
}

/// All kinds.
pub(super) const KINDS: [Kind; 9] = [
    Kind::Before4,
    Kind::Behind4,
    Kind::Before3,
    Kind::Behind3,
    Kind::Before2,
    Kind::Behind2,
    Kind::Alone,
    Kind::Last3,
    Kind::First3,
];

impl Default for Gates {
    fn default() -> Self {
        Gates::from(Stored::default())
    }
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gates").field("grams", &self.grams()).finish_non_exhaustive()
    }
}

/// Collects the texts of all literals.
#[derive(Default)]
pub(super) struct Builder {
    texts: Vec<(u32, Vec<u8>)>,
}

impl Builder {
    /// Adds a text in which the literal of that id stands first. Rules with texts shorter than five bytes
    /// are refused.
    pub(super) fn add(&mut self, literal: usize, text: &[u8]) {
        if text.len() >= LEAST {
            self.texts.push((literal as u32, text.to_vec()));
        }
    }

    /// The filter.
    pub(super) fn build(self) -> Gates {
        let healthy = Healthy::count();
        let mut shared = Counts::new();
        for gram in self.texts.iter().flat_map(|(_, text)| text.windows(GRAM)) {
            shared.add(gram, 1);
        }
        let mut places = Vec::with_capacity(self.texts.len() * STRIDE);
        let mut chosen = BTreeSet::new();
        // Short texts have little choice; longer ones then take what is looked for anyway.
        let mut texts: Vec<_> = self.texts.iter().collect();
        texts.sort_by_key(|(literal, text)| (text.len(), *literal));
        for (literal, text) in texts {
            for way in 0..STRIDE {
                let whole = (way..=text.len() - GRAM).step_by(STRIDE).map(|offset| {
                    let gram = &text[offset..offset + GRAM];
                    let cost = healthy.cost(gram);
                    let cost = if chosen.contains(gram) { cost / 4 } else { cost };
                    (worth(shared.of(gram), cost), offset)
                });
                let best =
                    whole.min().map(|(_, offset)| (Key::within(text, offset), offset as i32));
                if let Some((key, offset)) = best.or_else(|| partial(text, way, &healthy)) {
                    if key.gram_is_whole() {
                        chosen.insert(key.gram.to_le_bytes());
                    }
                    places.push(Place { key, offset, literal: *literal });
                }
            }
        }
        places.sort_unstable_by_key(|place| (place.key.hash(), *place));
        places.dedup();
        let mut grams: Vec<(bool, u32)> =
            places.iter().map(|place| (place.key.gram_is_whole(), place.key.gram)).collect();
        grams.sort_unstable();
        grams.dedup();
        let grams = grams.iter().map(|&(whole, _)| if whole { 1 } else { 256 }).sum();
        Gates::from(Stored { grams, places })
    }
}

/// What stands for the gram of a text too short to have a whole one for that way: three of its bytes, and
/// whatever stands before or behind it.
fn partial(text: &[u8], way: usize, healthy: &Healthy) -> Option<(Key, i32)> {
    let three = |at: usize| -> Option<[u8; 3]> { text.get(at..at + 3)?.try_into().ok() };
    let before = (way == STRIDE - 1).then(|| three(0)).flatten().map(|[a, b, c]| {
        let gram = u32::from_le_bytes([0, a, b, c]);
        (healthy.cost_of_three([a, b, c]), Key { kind: Kind::Last3, gram, mate: 0 }, -1)
    });
    let behind = (way + 3 == text.len()).then(|| three(way)).flatten().map(|[a, b, c]| {
        let gram = u32::from_le_bytes([a, b, c, 0]);
        (healthy.cost_of_three([a, b, c]), Key { kind: Kind::First3, gram, mate: 0 }, way as i32)
    });
    // Literals begin alike more often than they end alike.
    let order = |(cost, key, _): &(u32, Key, i32)| (cost / 8, key.kind != Kind::Last3);
    before.into_iter().chain(behind).min_by_key(order).map(|(_, key, offset)| (key, offset))
}

impl From<Stored> for Gates {
    fn from(Stored { grams: count, places }: Stored) -> Gates {
        let mut starts = vec![0; (1 << BUCKETS) + 1];
        for place in &places {
            starts[bucket(place.key.hash()) + 1] += 1;
        }
        for bucket in 0..1 << BUCKETS {
            starts[bucket + 1] += starts[bucket];
        }
        let (mut grams, mut mated) = (Bits::new(count), Bits::new(count + places.len()));
        let mut kinds = vec![0; 1 << BUCKETS];
        for Place { key, .. } in &places {
            mated.put(key.hash());
            let any = if key.gram_is_whole() { 0..=0 } else { 0..=0xff };
            let shift = if key.kind == Kind::First3 { 24 } else { 0 };
            for gram in any.map(|any: u32| key.gram | any << shift) {
                grams.put(hash(gram));
                kinds[bucket(hash(gram))] |= 1 << key.kind as u16;
                if !matches!(key.kind, Kind::Before4 | Kind::Behind4) {
                    mated.put(Key { kind: Kind::Alone, gram, mate: 0 }.hash());
                }
            }
        }
        Gates { count, grams, mated, places, starts, kinds }
    }
}

impl From<Gates> for Stored {
    fn from(gates: Gates) -> Stored {
        Stored { grams: gates.count, places: gates.places }
    }
}

impl Key {
    /// The key of a text's gram at `offset`: as much of the text as there is next to it.
    fn within(text: &[u8], offset: usize) -> Key {
        let behind = text.len() - offset - GRAM;
        let kind = match () {
            () if offset >= 4 => Kind::Before4,
            () if behind >= 4 => Kind::Behind4,
            () if offset >= 3 => Kind::Before3,
            () if behind >= 3 => Kind::Behind3,
            () if offset >= 2 => Kind::Before2,
            () if behind >= 2 => Kind::Behind2,
            () => Kind::Alone,
        };
        Key::of(kind, text, offset)
    }

    /// What stands at `at` in a text, as a key of that kind.
    #[inline(always)]
    pub(super) fn of(kind: Kind, text: &[u8], at: usize) -> Key {
        let gram = gram_at(text, at);
        let before =
            || at.checked_sub(GRAM).map_or_else(|| short_before(text, at), |at| gram_at(text, at));
        let (gram, mate) = match kind {
            Kind::Before4 => (gram, before()),
            Kind::Behind4 => (gram, gram_at(text, at + GRAM)),
            Kind::Before3 => (gram, before() >> 8),
            Kind::Behind3 => (gram, gram_at(text, at + GRAM) & 0xff_ffff),
            Kind::Before2 => (gram, before() >> 16),
            Kind::Behind2 => (gram, gram_at(text, at + GRAM) & 0xffff),
            Kind::Alone => (gram, 0),
            Kind::Last3 => (gram & !0xff, 0),
            Kind::First3 => (gram & 0xff_ffff, 0),
        };
        Key { kind, gram, mate }
    }

    #[inline(always)]
    pub(super) fn hash(self) -> u32 {
        let mate =
            (self.mate ^ (self.kind as u32).wrapping_mul(0xc2b2_ae35)).wrapping_mul(0x85eb_ca6b);
        hash(self.gram ^ (mate ^ mate >> 15))
    }

    fn gram_is_whole(self) -> bool {
        !matches!(self.kind, Kind::Last3 | Kind::First3)
    }
}

/// What stands before `at`, which is less than four bytes, as the last of four.
#[cold]
fn short_before(text: &[u8], at: usize) -> u32 {
    let mut bytes = [0; GRAM];
    bytes[GRAM - at..].copy_from_slice(&text[..at]);
    u32::from_le_bytes(bytes)
}

pub(super) fn bucket(hash: u32) -> usize {
    (hash >> (32 - BUCKETS)) as usize
}

/// Spreads grams over a table, most of all by the high bits.
#[inline(always)]
pub(super) fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9e37_79b1)
}

/// The gram at `at`; bytes behind the end of the text are zero.
#[inline(always)]
pub(super) fn gram_at(text: &[u8], at: usize) -> u32 {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk::<GRAM>() {
        return u32::from_le_bytes(*bytes);
    }
    short_gram(rest)
}

#[cold]
fn short_gram(rest: &[u8]) -> u32 {
    let mut bytes = [0; GRAM];
    bytes[..rest.len()].copy_from_slice(rest);
    u32::from_le_bytes(bytes)
}

impl Bits {
    /// An empty set for so many hashes.
    fn new(count: usize) -> Bits {
        let holds = |&size: &u32| count <= (3 << size) / 2;
        let size = SIZES.into_iter().find(holds).unwrap_or(SIZES[SIZES.len() - 1]);
        Bits { words: vec![0; 1 << size] }
    }

    fn put(&mut self, hash: u32) {
        let shift = 32 - self.words.len().trailing_zeros();
        self.words[(hash >> shift) as usize] |= 1 << (hash >> 5 & 31) | 1 << (hash >> 10 & 31);
    }

    /// In its lowest bit, whether a set of so many words may hold a hash.
    #[inline(always)]
    pub(super) fn bit(words: &[u32], size: u32, hash: u32) -> u32 {
        let word = words[(hash >> (32 - size)) as usize];
        (word >> (hash >> 5 & 31)) & (word >> (hash >> 10 & 31))
    }

    /// log2 of its words.
    #[inline(always)]
    pub(super) fn size(&self) -> u32 {
        self.words.len().trailing_zeros()
    }
}

impl Gates {
    /// How many grams are looked for, one of which a byte may be anything counted for all that it may be.
    pub(super) fn grams(&self) -> usize {
        self.count
    }
}
