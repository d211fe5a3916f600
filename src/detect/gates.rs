//! Which short byte strings to search for first: a weighted set cover over the literals' n-grams.

use std::collections::HashMap;

/// More than this and the packed search gives way to an automaton.
pub(super) const GATES_MOST: usize = 64;

/// From this many bytes on choosing gates pays for itself.
pub(super) const WORTH_IT: usize = 1 << 20;

/// Length of gates: long enough to be rare, short enough to be shared by many literals.
const LONGEST: usize = 5;
const SHORTEST: usize = 3;

/// How often a byte follows another in healthy bot logs, roughly, in hits a million bytes. Derived from
/// the make-up of such lines: digits, separators and lower-case words are common, capitals in
/// mid-word and quotes are rare.
fn weight(gram: &[u8]) -> f64 {
    // The product of single-byte frequencies over-estimates rare pairs and under-estimates common
    // words; the list below mends the words that healthy bot logs are full of.
    let product: f64 = gram.iter().map(|&byte| frequency(byte)).product();
    let common = COMMON.iter().any(|word| contains(word.as_bytes(), gram));
    product * 1e6 + if common { 2_000.0 } else { 0.0 } + 0.2
}

fn frequency(byte: u8) -> f64 {
    match byte {
        b'0'..=b'9' => 0.035,
        b' ' => 0.12,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b'r' | b's' => 0.045,
        b'a'..=b'z' => 0.02,
        b'-' | b':' | b'.' | b',' | b'=' => 0.025,
        b'T' | b'S' | b'D' | b'U' | b'I' | b'N' | b'F' | b'O' | b'B' | b'C' => 0.012,
        b'A'..=b'Z' => 0.006,
        b'"' | b'/' | b'_' | b'[' | b']' | b'|' => 0.006,
        b'(' | b')' | b'\'' => 0.003,
        b'\\' | b'<' | b'>' | b'{' | b'}' => 0.001,
        _ => 0.000_5,
    }
}

/// Words of healthy lines, padded with the blanks that stand round them: a gate inside one of them
/// would be found all the time.
const COMMON: &[&str] = &[
    " INFO ", " DEBUG ", " WARNING ", "INFO:", "[INFO]", " - INFO - ", " order ", " orders ", " price ",
    " position ", " balance ", " ticker ", " tick ", " filled ", " size ", " side ", " buy ", " sell ",
    " BUY ", " SELL ", "BTCUSDT", "ETHUSDT", "BTC/USDT", " USDT", " heartbeat", " latency", " strategy",
    " signal ", " trade ", " trades ", " symbol ", " status", " request", " response", " connected ",
    " connection ", " market ", " limit ", " stop ", " error", " errors=0", " timeout=", " retry",
    " memory", " account", " exchange", " update", " message", " stream", " candle", " kline", "\"code\":0",
    "\"retCode\":0", "\"code\":\"0\"", "\"code\":200", "\"msg\":\"", "\"error\":[]", "\"error\":null",
    " main ", "MainThread", "MainProcess", " worker", " session", " websocket", " profit", " equity",
    " closed", " open", " cancel", " expired", " execut", " process", " thread", " binance", " kraken",
    " strategy.", " engine", " client", " running", " started", " finish", " success", " result", "https://api.",
    " HTTP/1.1\" 200", " rate ", " weight", " used", " total", " volume", " spread", " number",
];

fn contains(word: &[u8], gram: &[u8]) -> bool {
    word.windows(gram.len()).any(|window| window == gram)
}

/// Gates for these literals: each literal holds at least one. Deterministic.
pub(super) fn choose(literals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut chosen: Vec<Vec<u8>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (index, literal) in literals.iter().enumerate() {
        if literal.len() >= SHORTEST {
            open.push(index);
        } else if !literal.is_empty() && !chosen.contains(literal) {
            chosen.push(literal.clone());
        }
    }
    let mut covers: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for &index in &open {
        for length in SHORTEST..=LONGEST {
            for gram in literals[index].windows(length) {
                let covered = covers.entry(gram).or_default();
                if covered.last() != Some(&index) {
                    covered.push(index);
                }
            }
        }
    }
    let mut grams: Vec<(&[u8], f64, Vec<usize>)> =
        covers.into_iter().map(|(gram, covered)| (gram, weight(gram), covered)).collect();
    grams.sort_unstable_by(|a, b| a.0.cmp(b.0));
    let mut is_open = vec![false; literals.len()];
    open.iter().for_each(|&index| is_open[index] = true);
    let mut left = open.len();
    // Greedy: always the gram that costs least for each literal it newly covers. A fixed price for one
    // more gate keeps their number, and with it the cost of the packed search, down.
    const PRICE: f64 = 40.0;
    while left > 0 {
        let mut best: Option<(f64, usize)> = None;
        for (at, (_, weight, covered)) in grams.iter().enumerate() {
            let gain = covered.len();
            if gain == 0 {
                continue;
            }
            let cost = (weight + PRICE) / gain as f64;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, at));
            }
        }
        let Some((_, at)) = best else { break };
        chosen.push(grams[at].0.to_vec());
        for index in std::mem::take(&mut grams[at].2) {
            if is_open[index] {
                is_open[index] = false;
                left -= 1;
            }
        }
        for (_, _, covered) in &mut grams {
            covered.retain(|&index| is_open[index]);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_holds_a_gate() {
        let literals: Vec<Vec<u8>> = [
            "Traceback (most recent call last)",
            "ConnectionError",
            "ConnectionResetError",
            "Too many open files",
            "\"code\":-1003",
            "OOM",
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
        let gates = choose(&literals);
        for literal in &literals {
            assert!(gates.iter().any(|gate| contains(literal, gate)), "{literal:?} in {gates:?}");
        }
        assert!(gates.len() < literals.len(), "{gates:?}");
    }

    #[test]
    fn the_same_literals_give_the_same_gates() {
        let literals: Vec<Vec<u8>> =
            (0..200).map(|n: u32| format!("Error{n} of kind {}", n * 7).into_bytes()).collect();
        assert_eq!(choose(&literals), choose(&literals));
    }

    #[test]
    fn common_words_are_not_gates() {
        let gates = choose(&[b" INFO rate limit hit".to_vec()]);
        assert_eq!(gates.len(), 1);
        assert!(!contains(b" INFO ", &gates[0]));
    }
}
