//! `rules list`.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

use super::Choice;
use crate::cli::ExitStatus;
use crate::detect::Matcher;
use crate::model::Pattern;
use crate::rules::{Rule, docs};
use crate::safe::escape::visible;

/// Which rules to list, and how.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Only rules of these patterns.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub pattern: Vec<Pattern>,

    /// How to write the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,

    /// Tell also how the rules are searched for.
    #[arg(short, long)]
    pub verbose: bool,

    /// Which rules there are.
    #[command(flatten)]
    pub choice: Choice,
}

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table.
    Text,
    /// One array of objects.
    Json,
}

/// A rule as the JSON list has it.
#[derive(Serialize)]
struct Row<'r> {
    id: &'r str,
    pattern: Pattern,
    title: &'r str,
    basis: &'static str,
    weight: i8,
    confidence: f64,
    captures: Vec<String>,
    examples: usize,
    near_misses: usize,
    source: &'r [String],
    file: &'r str,
    line: usize,
}

pub(super) fn run(
    args: &ListArgs,
    width: usize,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let rules = match super::load(&args.choice.options(), out)? {
        Ok(rules) => rules,
        Err(status) => return Ok(status),
    };
    let mut chosen: Vec<&Rule> = rules
        .rules
        .iter()
        .filter(|rule| args.pattern.is_empty() || args.pattern.contains(&rule.pattern))
        .collect();
    chosen.sort_by_key(|rule| (rule.pattern, &rule.id));
    match args.format {
        ListFormat::Json => {
            let rows: Vec<Row<'_>> = chosen.into_iter().map(row).collect();
            serde_json::to_writer_pretty(&mut *out, &rows)?;
            writeln!(out)?;
        }
        ListFormat::Text => {
            for line in table(&chosen, width).lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
            writeln!(out, "\n{} rules", chosen.len())?;
            if args.verbose {
                let matcher = Matcher::new(&rules, crate::traceback::Roots::default());
                write_search(&matcher, out)?;
            }
        }
    }
    Ok(ExitStatus::Clean)
}

fn row(rule: &Rule) -> Row<'_> {
    Row {
        id: &rule.id,
        pattern: rule.pattern,
        title: &rule.title,
        basis: rule.basis.id(),
        weight: rule.weight,
        confidence: rule.confidence,
        captures: docs::captures(rule),
        examples: rule.examples.len(),
        near_misses: rule.near_misses.len(),
        source: &rule.source,
        file: &rule.file,
        line: rule.line,
    }
}

fn table(rules: &[&Rule], width: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .force_no_tty()
        .set_header(["rule", "title", "basis", "examples"]);
    for rule in rules {
        table.add_row([
            visible(&rule.id).into_owned(),
            visible(&rule.title).into_owned(),
            rule.basis.id().to_owned(),
            rule.examples.len().to_string(),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // An id is copied into other commands: it stays whole.
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// How the rules are searched for: what a user's rule may have slowed down.
fn write_search(matcher: &Matcher<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (literals, grams) = matcher.prefilter.sizes();
    writeln!(
        out,
        "{literals} literals, searched for by a filter of {grams} grams that passes over healthy text"
    )
}
