//! What it costs to look for a gram: how often healthy logs hold it.

use super::gates::{GRAM, gram_at, hash};

/// Healthy lines of many kinds: how often a gram stands in them is how much it costs to look for it.
pub(super) const HEALTHY: &str = include_str!("healthy.txt");

/// Lines of which healthy logs consist almost wholly, in many layouts, and how often they count.
const USUAL: &str = include_str!("usual.txt");
const USUAL_COUNTS: u16 = 4;

/// What a gram is worth, the lowest being the best: first, few healthy lines that hold it. Of those that none
/// holds, one that many literals share; of others one that few do, so that a stop is over soon.
pub(super) fn worth(shared: u32, cost: u32) -> (u32, u32) {
    (cost, if cost == 0 { u32::MAX - shared } else { shared })
}

/// Every gram of healthy lines, those that are usual again and again.
pub(super) fn healthy_grams() -> impl Iterator<Item = u32> {
    let usual = std::iter::repeat_n(USUAL, USUAL_COUNTS.into());
    let texts = std::iter::once(HEALTHY).chain(usual);
    texts.flat_map(|text| text.as_bytes().windows(GRAM).map(|gram| gram_at(gram, 0)))
}

/// How often grams stand in texts, those that share a bucket taken together.
pub(super) struct Counts {
    buckets: Vec<u32>,
}

impl Counts {
    /// log2 of the buckets, so many that two grams rarely share one.
    const SIZE: u32 = 18;

    pub(super) fn new() -> Counts {
        Counts { buckets: vec![0; 1 << Self::SIZE] }
    }

    pub(super) fn add(&mut self, text: &[u8], count: u16) {
        self.buckets[Self::bucket(text)] += u32::from(count);
    }

    pub(super) fn of(&self, text: &[u8]) -> u32 {
        self.buckets[Self::bucket(text)]
    }

    /// Of up to eight bytes.
    fn bucket(text: &[u8]) -> usize {
        let behind = match text.len() {
            0..=GRAM => 0,
            len => hash(gram_at(text, GRAM) ^ len as u32).rotate_left(15),
        };
        (hash(gram_at(text, 0) ^ behind) >> (32 - Self::SIZE)) as usize
    }
}

/// How often grams, three bytes, and grams with their mates stand in healthy logs.
pub(super) struct Healthy {
    fours: Counts,
    threes: Counts,
    mated: Counts,
}

impl Healthy {
    pub(super) fn count() -> Healthy {
        let mut healthy =
            Healthy { fours: Counts::new(), threes: Counts::new(), mated: Counts::new() };
        for (text, count) in [(HEALTHY, 1), (USUAL, USUAL_COUNTS)] {
            let text: Vec<u8> = text.bytes().map(any_digit).collect();
            for gram in text.windows(GRAM) {
                healthy.fours.add(gram, count);
                healthy.threes.add(&gram[..3], count);
            }
            for mated in [5, 6, 7, 8].into_iter().flat_map(|len| text.windows(len)) {
                healthy.mated.add(mated, count);
            }
        }
        healthy
    }

    /// What it costs to stop at this gram: how often healthy lines hold it, whatever the digits. Two digits
    /// in a row are of some number, of which logs are full.
    pub(super) fn cost(&self, gram: &[u8]) -> u32 {
        let digits = gram.iter().filter(|byte| byte.is_ascii_digit()).count();
        4 * self.fours.of(&any_digits(gram)) + [0, 1, 2, 4, 8][digits.min(GRAM)]
    }

    /// What it costs to look closer at a gram with its mate, whatever the digits: how often healthy lines
    /// hold both.
    pub(super) fn cost_with_mate(&self, text: &[u8]) -> u32 {
        if text.len() <= GRAM {
            return 4 * self.fours.of(&any_digits(text));
        }
        let mut digits = [0; 2 * GRAM];
        let len = text.len().min(digits.len());
        for (digit, &byte) in digits.iter_mut().zip(text) {
            *digit = any_digit(byte);
        }
        4 * self.mated.of(&digits[..len])
    }

    pub(super) fn cost_of_three(&self, bytes: [u8; 3]) -> u32 {
        self.threes.of(&any_digits(&bytes)[..3])
    }
}

/// The gram with a zero for every digit.
fn any_digits(gram: &[u8]) -> [u8; GRAM] {
    std::array::from_fn(|at| any_digit(gram.get(at).copied().unwrap_or(0)))
}

fn any_digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte }
}
