//! How the times between the lines of a run are spread, in a table of fixed size.

/// Steps of the table: each time is a tenth longer than the one below.
const STEP: f64 = 1.1;

/// The first step, in seconds: what is shorter is no time at all.
const SHORTEST: f64 = 0.001;

/// Steps from a thousandth of a second to a hundred years.
const STEPS: usize = 300;

/// Of how many of the longest times it is told how uneven they are.
const LONGEST: usize = 10;

/// How often times of each length were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Spread {
    /// By step; as long as the longest step seen.
    steps: Vec<u32>,
    count: usize,
    /// All times together, in seconds.
    total: f64,
}

/// The times but for the longest few.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// The longest, in seconds, at most a tenth too long.
    pub(super) longest: f64,
    /// How uneven the longest ones are: by what factor, on average and as a natural logarithm, they are longer
    /// than the one below them. 0 for a clockwork.
    pub(super) unevenness: f64,
    /// How many are at least a tenth as long as the longest.
    pub(super) near_longest: usize,
}

impl Spread {
    /// One more time, in seconds.
    pub(super) fn add(&mut self, seconds: f64) {
        let step = ((seconds / SHORTEST).max(1.0).ln() / STEP.ln()) as usize;
        let step = step.min(STEPS - 1);
        if self.steps.len() <= step {
            self.steps.resize(step + 1, 0);
        }
        self.steps[step] = self.steps[step].saturating_add(1);
        self.count += 1;
        self.total += seconds;
    }

    /// Time that has passed, in seconds, of which it is not known how it is divided.
    pub(super) fn pass(&mut self, seconds: f64) {
        self.total += seconds;
    }

    /// All times together, in seconds.
    pub(super) fn total(&self) -> f64 {
        self.total
    }

    /// The times but for the `longest` longest; `None` where too few are left to tell.
    pub(super) fn but_for(&self, longest: usize) -> Option<Rest> {
        let mut steps = self.longest_first().skip(longest);
        let top: Vec<usize> = steps.by_ref().take(LONGEST + 1).collect();
        let (&first, &below) = (top.first()?, top.get(LONGEST)?);
        let above: usize = top[..LONGEST].iter().map(|step| step - below).sum();
        let tenth = first.saturating_sub((10_f64.ln() / STEP.ln()) as usize);
        let near_longest = self.steps[tenth..].iter().map(|&count| count as usize).sum::<usize>();
        Some(Rest {
            longest: SHORTEST * STEP.powi(first as i32 + 1),
            unevenness: above as f64 * STEP.ln() / LONGEST as f64,
            near_longest: near_longest.saturating_sub(longest),
        })
    }

    /// The step of each time, the longest first.
    fn longest_first(&self) -> impl Iterator<Item = usize> + '_ {
        let steps = self.steps.iter().enumerate().rev();
        steps.flat_map(|(step, &count)| std::iter::repeat_n(step, count as usize))
    }
}
