//! The first step of the search: a filter that passes over healthy text at several bytes a cycle and
//! stops where one of the literals may stand.
//!
//! It looks at the text only at every fourth byte, at four bytes at once: a *gram*. Wherever a literal
//! stands, it stands in one of four ways to the places that are looked at, and for each way one gram of it
//! is chosen, one that healthy logs hold seldom and many literals share. So thousands of literals come
//! down to a few thousand grams, which lie as two bits each in one table of 32 KiB: it has to share a core's
//! first cache with the text. A literal of six bytes has no whole gram for one of the ways: there its last three
//! bytes stand for a gram with any fourth, which is why the first three of a gram say where in the table it
//! lies. One of five is looked for with every byte that may follow it or stand before it.
//!
//! Where it stops, a second table is asked for the gram together with its *mate*, the four or two bytes of the
//! literal before it, behind it, or around it, so that most stops at healthy text are over in a few cycles, without a
//! branch that hangs on the text. A mate is chosen as a gram is: one that healthy lines hold seldom beside it.
//!
//! It may give a place in vain (another text with the same bits), and never misses a literal.

mod sets;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::weigh::{self, Counts, Healthy, worth};
pub(super) use sets::{Bits, Grams};

/// Bytes between two positions that are looked at.
pub(super) const STRIDE: usize = 4;

/// Bytes of one gram.
pub(super) const GRAM: usize = 4;

/// Bytes of the shortest literal that is found.
const LEAST: usize = 5;

/// log2 of the words a table may have, of 32 bits: the smallest holds the built-in rules and lies in a core's
/// first cache; the largest is for a hundred times as many.
pub(super) const SIZES: [u32; 5] = [13, 14, 15, 17, 21];

/// Whole grams that have as many bits as one of which a byte may be anything.
const BITS_OF_ANY: usize = 16;

/// log2 of the buckets into which keys are sorted by their hash.
const BUCKETS: u32 = 14;

/// The filter.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Gates {
    count: usize,
    /// Every gram.
    pub(super) grams: Grams,
    /// Every gram with its mate.
    pub(super) mated: Bits,
    /// Sorted by the hashes of their keys.
    pub(super) places: Vec<Place>,
    /// For each bucket of hashes where its places begin, and where the last one's end.
    pub(super) starts: Vec<u32>,
}

/// A filter as the binary carries it.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// How many grams there are, one of which a byte may be anything counted as [`BITS_OF_ANY`].
    grams: usize,
    /// See [`Grams`].
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
    /// Both, as they stand in the text; the lowest bytes are zero.
    #[serde(with = "postcard::fixint::le")]
    bytes: u64,
}

/// Which bytes next to a gram are its mate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The four before it.
    Before4,
    /// The four behind it.
    Behind4,
    /// The two before it.
    Before2,
    /// The two behind it.
    Behind2,
    /// The one before it and the one behind it.
    Around,
    /// The two before it; its own last is what stands behind the literal.
    Cut,
}

/// All kinds, those of the longest mates first. They are asked for together where a gram stands.
pub(super) const KINDS: [Kind; 6] =
    [Kind::Before4, Kind::Behind4, Kind::Before2, Kind::Behind2, Kind::Around, Kind::Cut];

/// Bytes before a gram that a mate may hold, and behind it.
const MATE: usize = 4;

/// A gram in a text with what stands next to it.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The four bytes before the gram, and the gram.
    before: u64,
    /// The gram, and the four bytes behind it.
    behind: u64,
}

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
                let keys = match best {
                    Some(key) => vec![key],
                    None => short(text, way, &healthy),
                };
                for (key, offset) in keys {
                    if key.kind != Kind::Cut {
                        chosen.insert(key.gram().to_le_bytes());
                    }
                    places.push(Place { key, offset, literal: *literal });
                }
            }
        }
        places.sort_unstable_by_key(|place| (place.key.hash(), *place));
        places.dedup();
        let grams: BTreeSet<(bool, u32)> =
            places.iter().map(|place| (place.key.kind == Kind::Cut, place.key.gram())).collect();
        let grams = grams.iter().map(|&(is_any, _)| if is_any { BITS_OF_ANY } else { 1 }).sum();
        Gates::from(Stored { grams, factor: best_factor(grams, &places), places })
    }
}

/// Which grams share their bits with others is chance: the factor by which the fewest of healthy lines do. Of
/// many grams any factor is as good.
fn best_factor(grams: usize, places: &[Place]) -> u32 {
    if Grams::new(grams, FACTOR).size() > SIZES[1] {
        return FACTOR;
    }
    let stops = |&factor: &u32| {
        let set = gram_set(grams, factor, places);
        weigh::healthy_grams().filter(|&gram| set.may_hold(gram)).count()
    };
    factors().min_by_key(stops).unwrap_or(FACTOR)
}

/// What grams may be multiplied with.
fn factors() -> impl Iterator<Item = u32> {
    const TRIES: usize = 32;
    std::iter::successors(Some(FACTOR), |factor| Some(factor.wrapping_mul(MIX).wrapping_add(2)))
        .take(TRIES)
}

/// The set of all grams of the places, so many.
fn gram_set(count: usize, factor: u32, places: &[Place]) -> Grams {
    let mut set = Grams::new(count, factor);
    for Place { key, .. } in places {
        if key.kind == Kind::Cut {
            set.put_any(key.gram());
        } else {
            set.put(key.gram());
        }
    }
    set
}

/// The mates that the gram at `offset` may have in a text.
fn mates(text: &[u8], offset: usize) -> impl Iterator<Item = Kind> {
    let has_whole_gram = |kind: &Kind| *kind != Kind::Cut;
    KINDS.into_iter().filter(has_whole_gram).filter(move |kind| {
        let (before, behind) = kind.mate();
        before <= offset && offset + GRAM + behind <= text.len()
    })
}

/// What stands for a gram with a mate in a text too short to have both for that way, with its offset.
fn short(text: &[u8], way: usize, healthy: &Healthy) -> Vec<(Key, i32)> {
    let cost = |at: usize| healthy.cost_of_three([text[at], text[at + 1], text[at + 2]]);
    if way + 3 == text.len() && (way != STRIDE - 1 || cost(way) <= cost(0)) {
        return vec![(Key::of(Kind::Cut, text, way), way as i32)];
    }
    // A byte before the text or behind it may be anything.
    let with_any = |any: u8| match way {
        0 => (Kind::Around, [&[any], text].concat(), 1, 0),
        1 => (Kind::Around, [text, &[any]].concat(), 1, 1),
        _ => (Kind::Behind2, [&[any], text].concat(), 0, -1),
    };
    let key =
        |(kind, text, at, offset): (Kind, Vec<u8>, usize, i32)| (Key::of(kind, &text, at), offset);
    (0..=u8::MAX).map(|any| key(with_any(any))).collect()
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
        // Asked for several keys at once, it had better be right about each.
        let mut mated = Bits::new(2 * places.len());
        for Place { key, .. } in &places {
            mated.put(key.hash());
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
    /// Of how many bytes before the gram the mate is, and of how many behind it.
    fn mate(self) -> (usize, usize) {
        match self {
            Kind::Before4 => (4, 0),
            Kind::Behind4 => (0, 4),
            Kind::Before2 | Kind::Cut => (2, 0),
            Kind::Behind2 => (0, 2),
            Kind::Around => (1, 1),
        }
    }

    /// What keys are multiplied with: what makes the hashes of one kind others than those of another.
    const fn factor(self) -> u64 {
        match self {
            Kind::Before4 => 0x9e37_79b9_7f4a_7c15,
            Kind::Behind4 => 0xbf58_476d_1ce4_e5b9,
            Kind::Before2 => 0x94d0_49bb_1331_11eb,
            Kind::Behind2 => 0xd6e8_feb8_6659_fd93,
            Kind::Around => 0xff51_afd7_ed55_8ccd,
            Kind::Cut => 0xc4ce_b9fe_1a85_ec53,
        }
    }

    /// The gram at `offset` of a text with its mate.
    fn span(self, text: &[u8], offset: usize) -> &[u8] {
        let (before, behind) = self.mate();
        &text[offset - before..offset + GRAM + behind]
    }
}

impl Window {
    /// What stands at `at`; what lies outside the text is zero.
    #[inline(always)]
    pub(super) fn at(text: &[u8], at: usize) -> Window {
        let eight = |at: usize| Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?));
        match (at.checked_sub(MATE).and_then(eight), eight(at)) {
            (Some(before), Some(behind)) => Window { before, behind },
            _ => Window::at_an_end(text, at),
        }
    }

    #[cold]
    fn at_an_end(text: &[u8], at: usize) -> Window {
        let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(0);
        let before = std::array::from_fn(|index| byte((at + index).checked_sub(MATE)));
        let behind = std::array::from_fn(|index| byte(Some(at + index)));
        Window { before: u64::from_le_bytes(before), behind: u64::from_le_bytes(behind) }
    }

    /// The gram with its mate of a kind; bytes that do not count are zero.
    #[inline(always)]
    fn bytes(self, kind: Kind) -> u64 {
        match kind {
            Kind::Before4 => self.before,
            Kind::Behind4 => self.behind,
            Kind::Before2 => self.before >> 16 << 16,
            Kind::Behind2 => self.behind << 16,
            Kind::Around => self.before >> 24 << 16 | self.behind >> 32 << 56,
            Kind::Cut => self.before >> 16 << 24,
        }
    }
}

impl Key {
    /// What stands at `at` in a text, as a key of that kind.
    #[inline(always)]
    pub(super) fn of(kind: Kind, text: &[u8], at: usize) -> Key {
        Key::in_window(kind, Window::at(text, at))
    }

    /// The same where the window is at hand.
    #[inline(always)]
    pub(super) fn in_window(kind: Kind, window: Window) -> Key {
        Key { kind, bytes: window.bytes(kind) }
    }

    #[inline(always)]
    pub(super) fn hash(self) -> u32 {
        (self.bytes.wrapping_mul(self.kind.factor()) >> 32) as u32
    }

    /// Its gram; a byte that may be anything is zero.
    fn gram(self) -> u32 {
        let behind = match self.kind {
            Kind::Behind4 => 0,
            Kind::Behind2 => 16,
            Kind::Around => 24,
            Kind::Before4 | Kind::Before2 => 32,
            Kind::Cut => 40,
        };
        (self.bytes >> behind) as u32
    }
}

/// What one try of a factor is multiplied with for the next.
const MIX: u32 = 0x85eb_ca6b;

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

impl Gates {
    /// How many grams are looked for, one of which a byte may be anything counted as [`BITS_OF_ANY`].
    pub(super) fn grams(&self) -> usize {
        self.count
    }
}
