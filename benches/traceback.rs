//! One traceback read: a chain of three, and the longest that an event may hold.

use divan::Bencher;
use divan::counter::ItemsCount;
use wd_diagnose::traceback::parse;

fn main() {
    divan::main();
}

/// A chain of `links`, each of `frames` frames.
fn chain(links: usize, frames: usize) -> String {
    let mut text = String::new();
    for link in 0..links {
        if link > 0 {
            text += "\nThe above exception was the direct cause of the following exception:\n\n";
        }
        text += "Traceback (most recent call last):\n";
        for frame in 0..frames {
            text +=
                &format!("  File \"/srv/bot/feed.py\", line {frame}, in step\n    self.next()\n");
        }
        text += &format!("bot.errors.FeedError{link}: no answer after {frames} s\n");
    }
    text
}

#[divan::bench(args = [(3, 8), (1, 9_000)])]
fn read(bencher: Bencher<'_, '_>, (links, frames): (usize, usize)) {
    let text = chain(links, frames);
    let lines: Vec<&str> = text.lines().collect();
    bencher.counter(ItemsCount::new(lines.len())).bench(|| parse(divan::black_box(&lines)));
}
