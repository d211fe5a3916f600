//! The first step of the search: a filter that passes over healthy text at several bytes a cycle and
//! stops where one of the literals may stand.
//!
//! It looks at the text only at every fourth byte, at four bytes at once: a *gram*. Wherever a literal
//! stands, it stands in one of four ways to the places that are looked at, and for each way one gram of it
//! is chosen, one that healthy logs hold seldom and many literals share. So thousands of literals come
//! down to a few thousand grams, which lie as two bits each in one table of 64 KiB. A literal of five or
//! six bytes has no whole gram for some ways: there three bytes of it stand for the gram with any fourth.
//!
//! Where it stops, a second table is asked for the gram together with its *mate*, bytes of the literal next to
//! it, so that most stops at healthy text are over in a few cycles, without a branch that hangs on the text.
//! A mate is chosen as a gram is: one that healthy lines hold seldom beside it.
//!
//! It may give a place in vain (another text with the same bits), and never misses a literal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::weigh::{self, Counts, Healthy, worth};

/// Bytes between two positions that are looked at.
pub(super) const STRIDE: usize = 4;

/// Bytes of one gram.
pub(super) const GRAM: usize = 4;

/// Bytes of the shortest literal that is found.
const LEAST: usize = 5;

/// log2 of the words a table may have, of 32 bits: the smallest holds the built-in rules and lies in a core's
/// second cache; the largest is for a hundred times as many.
pub(super) const SIZES: [u32; 5] = [14, 15, 16, 18, 21];

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
}

/// A set of hashes, two bits for each: it may say that it holds one that it does not.
#[derive(Clone)]
pub(super) struct Bits {
    /// A power of two of them.
    pub(super) words: Vec<u32>,
    /// What grams are multiplied with.
    pub(super) factor: u32,
}

/// A filter as the binary carries it.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// How many grams there are, one of which a byte may be anything counted for all that it may be.
    grams: usize,
    /// See [`Bits`].
    factor: u32,
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
    pub(super) kind: Kind,
    /// Bytes that may be anything are zero.
    pub(super) gram: u32,
    pub(super) mate: u32,
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
    Behind1,
    /// None; the literal is hardly longer than the gram.
    Alone,
    /// The first of the gram is what stands before the literal.
    Last3,
    /// The last of the gram is what stands behind the literal.
    First3,
}

/// Kinds that are asked for together where a gram stands, those of the longest mates first.
pub(super) const MATED: [Kind; 8] = [
    Kind::Before4,
    Kind::Behind4,
    Kind::Before3,
    Kind::Behind3,
    Kind::Before2,
    Kind::Behind2,
    Kind::Behind1,
    Kind::Alone,
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
                let offsets = (way..=text.len() - GRAM).step_by(STRIDE);
                let whole = offsets.flat_map(|offset| {
                    let gram = &text[offset..offset + GRAM];
                    let stops = healthy.cost(gram);
                    // Where the search stops anyway, it is the look at what stands there that costs.
                    let stops = if chosen.contains(gram) { stops / 8 } else { stops };
                    let shared = shared.of(gram);
                    let healthy = &healthy;
                    mates(text, offset).enumerate().map(move |(shorter, kind)| {
                        let looks = healthy.cost_with_mate(kind.span(text, offset));
                        ((worth(shared, stops + 2 * looks), shorter, offset), kind)
                    })
                });
                let best = whole
                    .min_by_key(|(worth, _)| *worth)
                    .map(|((_, _, offset), kind)| (Key::of(kind, text, offset), offset as i32));
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
        Gates::from(Stored { grams, factor: best_factor(grams, &places), places })
    }
}

/// Which grams share their bits with others is chance: the factor by which the fewest of healthy lines do. Of
/// many grams any factor is as good.
fn best_factor(grams: usize, places: &[Place]) -> u32 {
    if Bits::new(grams, FACTOR).size() > SIZES[1] {
        return FACTOR;
    }
    let stops = |&factor: &u32| {
        let set = gram_set(grams, factor, places);
        weigh::healthy_grams().filter(|&gram| set.may_hold(set.hash(gram))).count()
    };
    FACTORS.into_iter().min_by_key(stops).unwrap_or(FACTOR)
}

/// The set of all grams of the places, so many.
fn gram_set(count: usize, factor: u32, places: &[Place]) -> Bits {
    let mut set = Bits::new(count, factor);
    for gram in places.iter().flat_map(|place| place.key.grams()) {
        set.put(set.hash(gram));
    }
    set
}

/// The mates that the gram at `offset` may have in a text, the longest first.
fn mates(text: &[u8], offset: usize) -> impl Iterator<Item = Kind> {
    let behind = text.len() - offset - GRAM;
    MATED.into_iter().filter(move |kind| {
        let (at_front, bytes) = kind.mate();
        bytes <= if at_front { offset } else { behind }
    })
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
    fn from(Stored { grams: count, factor, places }: Stored) -> Gates {
        let mut starts = vec![0; (1 << BUCKETS) + 1];
        for place in &places {
            starts[bucket(place.key.hash()) + 1] += 1;
        }
        for bucket in 0..1 << BUCKETS {
            starts[bucket + 1] += starts[bucket];
        }
        let partial = places.chunk_by(|one, next| one.key == next.key);
        let partial = partial.filter(|alike| !alike[0].key.gram_is_whole()).count();
        // Asked for eight keys at once, it had better be right about each.
        let keys = 2 * (places.len() + 256 * partial);
        let mut mated = Bits::new(keys, FACTOR);
        for Place { key, .. } in &places {
            mated.put(key.hash());
            if !key.gram_is_whole() {
                for gram in key.grams() {
                    mated.put(Key { kind: Kind::Alone, gram, mate: 0 }.hash());
                }
            }
        }
        let grams = gram_set(count, factor, &places);
        Gates { count, grams, mated, places, starts }
    }
}

impl From<Gates> for Stored {
    fn from(gates: Gates) -> Stored {
        Stored { grams: gates.count, factor: gates.grams.factor, places: gates.places }
    }
}

impl Kind {
    /// What makes the hashes of one kind of keys others than those of another.
    pub(super) const fn salt(self) -> u32 {
        (self as u32).wrapping_mul(0xc2b2_ae35)
    }

    /// Whether the mate stands before the gram, and of how many bytes it is.
    fn mate(self) -> (bool, usize) {
        match self {
            Kind::Before4 => (true, 4),
            Kind::Behind4 => (false, 4),
            Kind::Before3 => (true, 3),
            Kind::Behind3 => (false, 3),
            Kind::Before2 => (true, 2),
            Kind::Behind2 => (false, 2),
            Kind::Behind1 => (false, 1),
            Kind::Alone | Kind::Last3 | Kind::First3 => (false, 0),
        }
    }

    /// The mate of a gram with these bytes before it and behind it.
    #[inline(always)]
    pub(super) fn mate_of(self, before: u32, behind: u32) -> u32 {
        match self {
            Kind::Before4 => before,
            Kind::Behind4 => behind,
            Kind::Before3 => before >> 8,
            Kind::Behind3 => behind & 0xff_ffff,
            Kind::Before2 => before >> 16,
            Kind::Behind2 => behind & 0xffff,
            Kind::Behind1 => behind & 0xff,
            Kind::Alone | Kind::Last3 | Kind::First3 => 0,
        }
    }

    /// The gram at `offset` of a text with its mate.
    fn span(self, text: &[u8], offset: usize) -> &[u8] {
        match self.mate() {
            (true, bytes) => &text[offset - bytes..offset + GRAM],
            (false, bytes) => &text[offset..offset + GRAM + bytes],
        }
    }
}

impl Key {
    /// What stands at `at` in a text, as a key of that kind.
    #[inline(always)]
    pub(super) fn of(kind: Kind, text: &[u8], at: usize) -> Key {
        let (gram, before) = (gram_at(text, at), before(text, at));
        let behind = gram_at(text, at + GRAM);
        let gram = match kind {
            Kind::Last3 => gram & !0xff,
            Kind::First3 => gram & 0xff_ffff,
            _ => gram,
        };
        let mate = kind.mate_of(before, behind);
        Key { kind, gram, mate }
    }

    #[inline(always)]
    pub(super) fn hash(self) -> u32 {
        let mate = (self.mate ^ self.kind.salt()).wrapping_mul(MIX);
        hash(self.gram ^ (mate ^ mate >> 15))
    }

    /// Its gram, as all that it may be.
    fn grams(self) -> impl Iterator<Item = u32> {
        let any = if self.gram_is_whole() { 0..=0 } else { 0..=0xff };
        let shift = if self.kind == Kind::First3 { 24 } else { 0 };
        any.map(move |any: u32| self.gram | any << shift)
    }

    fn gram_is_whole(self) -> bool {
        !matches!(self.kind, Kind::Last3 | Kind::First3)
    }
}

/// The four bytes before `at`.
#[inline(always)]
pub(super) fn before(text: &[u8], at: usize) -> u32 {
    at.checked_sub(GRAM).map_or_else(|| short_before(text, at), |at| gram_at(text, at))
}

/// What stands before `at`, which is less than four bytes, as the last of four.
#[cold]
fn short_before(text: &[u8], at: usize) -> u32 {
    let mut bytes = [0; GRAM];
    bytes[GRAM - at..].copy_from_slice(&text[..at]);
    u32::from_le_bytes(bytes)
}

/// What mates are multiplied with, so that all their bits count.
pub(super) const MIX: u32 = 0x85eb_ca6b;

pub(super) fn bucket(hash: u32) -> usize {
    (hash >> (32 - BUCKETS)) as usize
}

/// Spreads keys over a table, most of all by the high bits.
#[inline(always)]
pub(super) fn hash(key: u32) -> u32 {
    key.wrapping_mul(FACTOR)
}

/// What keys are multiplied with: the golden ratio.
pub(super) const FACTOR: u32 = 0x9e37_79b1;

/// What grams may be multiplied with.
const FACTORS: [u32; 8] = [
    FACTOR,
    0x85eb_ca6b,
    0xc2b2_ae35,
    0x27d4_eb2f,
    0x1656_67b1,
    0xcc9e_2d51,
    0x1b87_3593,
    0xff51_afd7,
];

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
    /// By how much a hash is shifted for five bits that say which of its word's bits stand for it, counted
    /// from the highest.
    pub(super) const SHIFTS: [u32; 2] = [5, 10];

    /// An empty set for so many hashes.
    fn new(count: usize, factor: u32) -> Bits {
        let holds = |&size: &u32| count <= 2 << size;
        let size = SIZES.into_iter().find(holds).unwrap_or(SIZES[SIZES.len() - 1]);
        Bits { words: vec![0; 1 << size], factor }
    }

    /// The hash of a gram in this set.
    #[inline(always)]
    pub(super) fn hash(&self, gram: u32) -> u32 {
        gram.wrapping_mul(self.factor)
    }

    fn put(&mut self, hash: u32) {
        let index = Bits::index(self.size(), hash);
        for shift in Bits::SHIFTS {
            self.words[index] |= 1 << (31 - (hash >> shift & 31));
        }
    }

    /// In its lowest bit, whether a set of so many words may hold a hash.
    #[inline(always)]
    pub(super) fn bit(words: &[u32], size: u32, hash: u32) -> u32 {
        let word = words[Bits::index(size, hash)];
        let [one, two] = Bits::SHIFTS.map(|shift| word << (hash >> shift & 31));
        (one & two) >> 31
    }

    /// The word of a hash in a set of 2 to the `size` words.
    #[inline(always)]
    pub(super) fn index(size: u32, hash: u32) -> usize {
        (hash >> (32 - size)) as usize
    }

    /// Whether it may hold a hash.
    fn may_hold(&self, hash: u32) -> bool {
        Bits::bit(&self.words, self.size(), hash) & 1 != 0
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
