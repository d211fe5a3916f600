use super::*;
use crate::report::sample;

fn written(report: &Report, style: &Style<'_>) -> String {
    page(report, style).into_string()
}

/// The page without its style sheet, an element a line: what a change changes can be read.
fn laid_out(report: &Report, style: &Style<'_>) -> String {
    written(report, style).replace(CSS, "…").replace("><", ">\n<")
}

#[test]
fn crash() {
    let context = [sample::context()];
    insta::assert_snapshot!(laid_out(
        &sample::crash(),
        &Style { context: &context, ..Style::default() }
    ));
}

#[test]
fn healthy() {
    insta::assert_snapshot!(laid_out(&sample::healthy(), &Style::default()));
}

#[test]
fn log_text_is_no_markup() {
    let page = written(&sample::hostile(), &Style::default());
    sample::assert_inert(&page);
    let markup = page.replace(CSS, "");
    assert!(!markup.contains("<script") && !markup.contains("javascript:"), "{markup}");
    // Every element is one of ours: hostile text has `<` in it.
    let ours = [
        "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3",
        "h4", "p", "span", "main", "section", "div", "a", "ul", "ol", "li", "article", "details",
        "summary", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "footer",
    ];
    for element in markup.split('<').skip(1) {
        let name: String = element
            .trim_start_matches('/')
            .chars()
            .take_while(|c| !matches!(c, ' ' | '>'))
            .collect();
        assert!(ours.contains(&name.as_str()), "<{name}");
        // What stands in a tag is an attribute of ours, its value between quotes that text cannot close.
        let tag = element.split('>').next().unwrap_or_default();
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains(" on"), "{tag}");
    }
}

#[test]
fn nothing_is_loaded_from_outside() {
    let page = written(&sample::crash(), &Style::default());
    for word in ["src=", "url(", "@import", "<link", "http-equiv=\"refresh\""] {
        assert!(!page.contains(word), "{word}");
    }
    for target in page.split("href=\"").skip(1) {
        assert!(target.starts_with("#d"), "{target}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_link_leads_somewhere() {
    let page = written(&sample::crash(), &Style::default());
    for target in page.split("href=\"#").skip(1) {
        let name = target.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

#[test]
fn growth_and_gaps_have_shapes_of_their_own() {
    let mut report = sample::crash();
    let line = report.diagnoses[0].first.clone();
    for (index, rule) in [(1, "rate-limit/weight-rising"), (2, "system/sleep")] {
        report.diagnoses[index].rule = rule.to_owned();
        report.diagnoses[index].count = 1;
        report.diagnoses[index].first = report.diagnoses[3].first.clone();
        report.diagnoses[index].first.time = Some("2024-05-01T10:30:00".to_owned());
        report.diagnoses[index].last.time.clone_from(&line.time);
    }
    let page = written(&report, &Style::default());
    assert!(page.contains("\"span rise\"") && page.contains("\"span gap\""));
    assert!(page.contains("\"pause\""), "the run shows that the bot was silent");
    report.diagnoses[2].count = 2;
    let page = written(&report, &Style::default());
    assert!(
        !page.contains("\"span gap\"") && !page.contains("\"pause\""),
        "it spoke between two gaps"
    );
}

#[test]
fn a_usual_page_is_small() {
    let mut report = sample::crash();
    let one = report.diagnoses[1].clone();
    report.diagnoses.extend(std::iter::repeat_n(one, 60));
    assert!(written(&report, &Style::default()).len() < 300_000);
}
