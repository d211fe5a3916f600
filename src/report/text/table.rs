//! Everything else that was seen, a row each.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, presets,
};

use super::paper::{Ink, Paper, fit, shown};
use crate::diagnosis::{Diagnosis, Standing};
use crate::model::{Level, Position};
use crate::report::words;

/// More rows than this are not compact.
const ROWS: usize = 20;

/// What has room at which width: the log's name only where there are several.
struct Layout {
    /// The rule's id, for `--disable` and `explain`.
    rule: bool,
    log: bool,
    first: bool,
    /// Days beside clock times.
    days: bool,
    /// How each stands to the baseline, where there is one.
    baseline: bool,
}

impl Layout {
    fn new(width: usize, several: bool, baseline: bool) -> Layout {
        Layout {
            rule: width >= if several { 140 } else { 110 },
            log: several && width >= 60,
            first: width >= if several { 100 } else { 60 },
            days: width >= 60,
            baseline,
        }
    }
}

/// Writes the table, or nothing where there is nothing. `logs` is how many were read.
pub(super) fn write(paper: &mut Paper, rest: &[&Diagnosis], heading: &str, logs: usize) {
    if rest.is_empty() {
        return;
    }
    paper.heading(heading, "");
    let has_baseline = rest.iter().any(|diagnosis| diagnosis.baseline.is_some());
    let layout = Layout::new(paper.width(), logs > 1, has_baseline);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(paper.width() - 2).unwrap_or(u16::MAX));
    if paper.colour() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let mut header = vec!["level", "count"];
    header.extend(layout.baseline.then_some("is"));
    header.push("what");
    header.extend(layout.rule.then_some("rule"));
    header.extend(layout.log.then_some("log"));
    header.extend(layout.first.then_some("first"));
    header.push("last");
    let names = header.clone();
    table.set_header(header.into_iter().map(|name| Cell::new(name).add_attribute(Attribute::Dim)));
    for diagnosis in rest.iter().take(ROWS) {
        let level = Cell::new(diagnosis.level.id());
        let level = match diagnosis.level {
            Level::Fatal => level.fg(Color::DarkRed),
            Level::Error => level.fg(Color::DarkYellow),
            Level::Warning => level,
        };
        let count = Cell::new(words::digits(diagnosis.count)).set_alignment(CellAlignment::Right);
        let mut row = vec![level, count];
        let standing = diagnosis.baseline.map_or("", Standing::id);
        row.extend(layout.baseline.then(|| Cell::new(standing)));
        row.push(Cell::new(shown(&diagnosis.title)));
        row.extend(layout.rule.then(|| Cell::new(shown(&diagnosis.rule))));
        row.extend(layout.log.then(|| Cell::new(shown(file_name(&diagnosis.last.source)))));
        row.extend(layout.first.then(|| place(&diagnosis.first, &layout)));
        row.push(place(&diagnosis.last, &layout));
        table.add_row(row);
    }
    for (column, name) in table.column_iter_mut().zip(names) {
        column.set_padding((0, 2));
        // Words wrap; numbers and times do not.
        if matches!(name, "level" | "count" | "is" | "first" | "last") {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    paper.block(table.lines());
    if rest.len() > ROWS {
        let more = format!("… and {} more; -v shows all", rest.len() - ROWS);
        paper.line(&[(Ink::Plain, "  "), (Ink::Faint, &more)]);
    }
}

/// A time of a fixed width, else a line; cut, so that a strange time cannot push the rest away.
fn place(position: &Position, layout: &Layout) -> Cell {
    const LONGEST: usize = 15;
    let place = words::short_place(position);
    let place = match place.split_once(' ') {
        Some((_, clock)) if !layout.days && position.time.is_some() => clock,
        _ => &place,
    };
    Cell::new(fit(place, LONGEST))
}

/// The last part of a path: folders are in the full view and in the other formats.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}
