//! Everything else that was seen, a row each.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use super::paper::{Ink, Paper, shown};
use super::words;
use crate::diagnosis::Diagnosis;
use crate::model::Level;

/// More rows than this are not compact.
const ROWS: usize = 20;

/// From this many columns on the rule's id has room, for `--disable` and `explain`.
const WIDE: usize = 110;

/// Below this many columns the first sight gives way.
const NARROW: usize = 60;

/// The same where there are several logs, whose names need room.
const NARROW_WITH_LOGS: usize = 100;

/// Writes the table, or nothing where there is nothing. `logs` is how many were read.
pub(super) fn write(paper: &mut Paper, rest: &[&Diagnosis], has_answer: bool, logs: usize) {
    if rest.is_empty() {
        return;
    }
    paper.heading(if has_answer { "Also seen" } else { "What the bot coped with" }, "");
    let several = logs > 1;
    let wide = paper.width() >= WIDE;
    let narrow = paper.width() < if several { NARROW_WITH_LOGS } else { NARROW };
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
    let mut header = vec!["level", "count", "what"];
    header.extend(wide.then_some("rule"));
    header.extend(several.then_some("log"));
    header.extend((!narrow).then_some("first"));
    header.push("last");
    table.set_header(header.into_iter().map(|name| Cell::new(name).add_attribute(Attribute::Dim)));
    for diagnosis in rest.iter().take(ROWS) {
        let level = Cell::new(diagnosis.level.id()).fg(match diagnosis.level {
            Level::Fatal => Color::Red,
            Level::Error => Color::Yellow,
            Level::Warning => Color::Reset,
        });
        let count = Cell::new(words::digits(diagnosis.count)).set_alignment(CellAlignment::Right);
        let mut row = vec![level, count, Cell::new(shown(&diagnosis.title))];
        row.extend(wide.then(|| Cell::new(shown(&diagnosis.rule))));
        row.extend(several.then(|| Cell::new(shown(file_name(&diagnosis.last.source)))));
        row.extend((!narrow).then(|| Cell::new(shown(&words::short_place(&diagnosis.first)))));
        row.push(Cell::new(shown(&words::short_place(&diagnosis.last))));
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    paper.block(table.lines());
    if rest.len() > ROWS {
        let more = format!("… and {} more; -v shows all", rest.len() - ROWS);
        paper.line(&[(Ink::Plain, "  "), (Ink::Faint, &more)]);
    }
}

/// The last part of a path: folders are in the full view and in the other formats.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}
