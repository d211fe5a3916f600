//! temp
#![allow(clippy::all)]
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
fn main() {
    let mut paths = vec![]; let mut stopped=false; let mut j=None; let mut rules=vec![]; let mut test=false;
    let mut it = std::env::args().skip(1);
    while let Some(a) = it.next() {
        match a.as_str() { "--format"|"--fail-on"|"--color" => {it.next();}, "--stopped" => stopped=true, "-j" => j=it.next().unwrap().parse().ok(), "--rules" => rules.push(it.next().unwrap().into()), "--tz" => {it.next();}, "test" => test=true, _ => paths.push(std::path::PathBuf::from(a)) }
    }
    let options = wd_diagnose::analyze::BatchOptions { since:None, until:None, patterns:vec![], run:None, context:0, redact:true, stopped, zone:None, source_root:None, threads:j, now: std::time::SystemTime::now(), rules: wd_diagnose::rules::RuleOptions{paths:rules,..Default::default()}, unpack_limit: 16<<30 };
    if let Some(f) = std::env::var_os("WD_HITS") {
        let rules = wd_diagnose::rules::load(&options.rules).unwrap();
        let m = wd_diagnose::detect::Matcher::new(&rules, Default::default());
        let text = std::fs::read(f).unwrap();
        let mut c = vec![]; m.candidates(&text, 0, text.len(), &mut c);
        let mut count = std::collections::BTreeMap::<String, usize>::new();
        let mut hits = vec![];
        for x in &c { m.prefilter.hits(&text[x.at..x.end], &mut hits); for h in &hits { *count.entry(m.prefilter.literal(*h)).or_default() += 1; } }
        let mut v: Vec<_> = count.into_iter().collect(); v.sort_by_key(|x| std::cmp::Reverse(x.1));
        println!("{} candidates", c.len());
        for (l, n) in v.iter().take(60) { println!("{n} {l:?}"); }
        return;
    }
    if std::env::var_os("WD_TIME").is_some() {
        let t = std::time::Instant::now();
        let rules = wd_diagnose::rules::load(&options.rules).unwrap();
        eprintln!("load {:?}", t.elapsed());
        let t = std::time::Instant::now();
        let m = wd_diagnose::detect::Matcher::new(&rules, Default::default());
        eprintln!("matcher {:?}", t.elapsed());
        let t = std::time::Instant::now();
        let sizes = m.prefilter.sizes();
        eprintln!("gates {:?} {:?}", t.elapsed(), sizes);
    }
    if test {
        let rules = match wd_diagnose::rules::load_whole(&options.rules) { Ok(r)=>r, Err(c)=>{ for c in c { println!("{c}"); } return; } };
        let m = wd_diagnose::detect::Matcher::new(&rules, Default::default());
        let o = wd_diagnose::detect::examples::run(&m, &|t| wd_diagnose::safe::redact::Redactor::new(true).redact(t).into_owned()); let (n, failed) = (o.count, o.failed); if std::env::var_os("WD_GAPS").is_some() { for f in &o.unshown { println!("{}:{}: {}: {}", f.file, f.line, f.rule, f.what); } }
        for f in &failed { println!("{}:{}: {}: {}", f.file, f.line, f.rule, f.what); }
        println!("{n} examples, {} failed; {} rules", failed.len(), rules.rules.len());
        return;
    }
    match wd_diagnose::analyze::batch::run(&paths, &options, &mut wd_diagnose::analyze::Unobserved) {
        Ok(o) => println!("{}", serde_json::to_string_pretty(&o.report).unwrap()),
        Err(e) => { eprintln!("{e}"); std::process::exit(2) }
    }
}
