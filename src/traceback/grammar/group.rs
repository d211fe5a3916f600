//! What nests: the members of a group behind their margins, fences and panels.

use super::{Act, Chain, DEPTH, FENCE, Grammar, Holder, ORIGINAL, Read, State, is_tail, margin};
use crate::traceback::{Step, boxed, line};

impl Grammar {
    /// A line while a fence or a panel is open.
    pub(super) fn read_inner<'a>(&mut self, line: &'a str) -> Read<'a> {
        let text = match self.chain.margin {
            // A fence inside a group: its lines stand behind the group's margin.
            Some(column) => match margin(line) {
                Some((found, rest)) if found == column => rest,
                _ => return Read::no(),
            },
            None => line,
        };
        let Some((holder, inner)) = &mut self.inner else { return Read::no() };
        let leave = inner.nested() + 1;
        let (text, closed) = match holder {
            Holder::Fence => (text, text.trim() == FENCE),
            Holder::Panel => match boxed::inside(text) {
                Some(inside) => (inside, false),
                None if boxed::closes(text.trim_start()) => ("", true),
                None => return Read::no(),
            },
        };
        if closed {
            self.inner = None;
            self.chain.state = State::Closed;
            return Read { leave, ..Read::yes(Act::Skip) };
        }
        let mut read = inner.advance(text);
        if *holder == Holder::Panel || self.chain.margin.is_some() {
            if read.step == Step::No {
                return Read::yes(Act::Skip);
            }
            read.step = Step::Yes;
        }
        read
    }

    /// A line of a group: behind its margin, or what follows the group.
    pub(super) fn read_grouped<'a>(&mut self, line: &'a str) -> Read<'a> {
        let Some((column, rest)) = margin(line) else {
            if line.trim().is_empty() {
                return Read::new(Step::Gap, Act::Blank);
            }
            let read = self.leave_group(line);
            // CPython 3.11 puts the margin before the first line of a message only.
            if read.step == Step::No && self.chain.state == State::Message {
                return Read::new(Step::Message, Act::Text(line));
            }
            return read;
        };
        if line[column..].starts_with('|') {
            let Some(leave) = self.chains_above(column) else { return Read::no() };
            self.leave(leave);
            let mut read = self.read_chain(rest);
            if matches!(read.step, Step::Message | Step::Gap) {
                read.step = Step::Yes;
            }
            return Read { leave, ..read };
        }
        let ruler = line[column..].trim_start_matches('+');
        if let Some(first) = ruler.strip_prefix("-+-") {
            let Some(leave) = self.chains_above(column) else { return Read::no() };
            if self.outer.len() >= DEPTH {
                return Read::no();
            }
            self.leave(leave);
            self.chain.state = State::Closed;
            let member = member(column + 2, first);
            self.outer.push(std::mem::replace(&mut self.chain, member));
            return Read { leave, ..Read::yes(Act::EnterMember) };
        }
        let Some(above) = self.chains_above(column).filter(|above| *above < self.outer.len())
        else {
            return Read::no();
        };
        let leave = above + 1;
        if ruler.trim_matches('-').is_empty() && ruler.starts_with("---") {
            self.leave(leave);
            self.chain.state = State::Closed;
            if self.outer.is_empty() {
                self.chain.margin = None;
            }
            return Read { leave, ..Read::yes(Act::Skip) };
        }
        if ruler.starts_with("---") {
            self.leave(above);
            self.chain = member(column, ruler);
            return Read { leave, ..Read::yes(Act::EnterMember) };
        }
        Read::no()
    }

    /// A line without a margin after a group: only the chain's next link can be part of it.
    pub(super) fn leave_group<'a>(&mut self, line: &'a str) -> Read<'a> {
        let follows = line::chain_sentence(line).is_some() || line.trim() == ORIGINAL;
        let tail = self.logging && is_tail(line.trim());
        let read = matches!(self.chain.state, State::Closed | State::Message | State::More);
        if !(read && (follows || tail)) {
            return Read::no();
        }
        let leave = self.outer.len();
        self.leave(leave);
        self.chain.margin = None;
        self.chain.state = State::Closed;
        Read { leave, ..self.read_chain(line) }
    }

    /// How many chains are inside the one whose margin stands in this column.
    fn chains_above(&self, column: usize) -> Option<usize> {
        if self.chain.margin == Some(column) {
            return Some(0);
        }
        self.outer.iter().rev().position(|chain| chain.margin == Some(column)).map(|at| at + 1)
    }

    /// Ends so many chains, innermost first.
    fn leave(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(chain) = self.outer.pop() {
                self.chain = chain;
            }
        }
    }

    /// A fence or a panel opens.
    pub(super) fn nest<'a>(&mut self, holder: Holder, act: Act<'a>) -> Read<'a> {
        let mut inner = Grammar::new(Chain::new(State::Start));
        inner.depth = self.depth + 1;
        self.inner = Some((holder, Box::new(inner)));
        Read::yes(act)
    }
}

/// A chain that begins under a ruler: `--- 2 ---`, or `--- ... ---` for members left out.
fn member(column: usize, ruler: &str) -> Chain {
    let left_out = ruler.trim_matches('-').trim() == "...";
    let mut chain = Chain::new(if left_out { State::More } else { State::Start });
    chain.margin = Some(column);
    chain
}
