use super::*;

fn stamp(text: &str) -> Option<Stamp> {
    Some(Stamp::parse(text).unwrap_or_else(|| panic!("{text}")))
}

fn place(line: u64) -> Place {
    Place { file: 0, byte: 0, line }
}

fn life(ended: &str, pid: Option<u32>) -> Life {
    Life {
        end: End::Open,
        explained: None,
        ended: stamp(ended),
        every: Some(2.0),
        last: Some(line(place(40), "INFO tick 40")),
        pid,
    }
}

fn death(at: Option<&str>, pid: Option<u32>, name: Option<&str>) -> Death {
    Death {
        fate: Fate::Killed,
        incident: Some(0),
        confidence: 0.97,
        stamp: at.and_then(stamp),
        pid,
        name: name.map(str::to_owned),
        line: line(place(3), "Out of memory: Killed process"),
    }
}

fn joined(life: Life, deaths: &[Death]) -> Join {
    join(&[
        Told { name: "bot.log", lives: &[life], pauses: &[], deaths: &[] },
        Told { name: "kern.log", lives: &[], pauses: &[], deaths },
    ])
}

/// How sure the join is; 0 where there is none.
fn sure(life: Life, death: Death) -> f64 {
    joined(life, &[death]).joined.first().map_or(0.0, |joined| joined.confidence)
}

const ENDED: &str = "2026-03-02T10:00:00+00:00";

#[test]
fn a_pid_a_name_and_the_time_join() {
    let at = Some("2026-03-02T10:00:02+00:00");
    assert_eq!(sure(life(ENDED, Some(71)), death(at, Some(71), Some("python3"))), 0.97);
    assert_eq!(sure(life(ENDED, None), death(at, Some(71), Some("bot.service"))), 0.93);
    assert_eq!(sure(life(ENDED, None), death(at, Some(71), Some("python3"))), 0.85);
    assert_eq!(sure(life(ENDED, Some(1)), death(at, Some(71), Some("python3"))), 0.8);
    assert_eq!(sure(life(ENDED, None), death(at, None, None)), 0.7);
    assert_eq!(sure(life(ENDED, None), death(at, Some(71), Some("mysqld"))), 0.0);
}

#[test]
fn the_log_of_who_tells_of_kills_is_none_of_those_who_were_killed() {
    let at = Some("2026-03-02T10:00:00+00:00");
    let told = |confidence: f64| {
        let own = Death { confidence, ..death(at, Some(71), Some("python3")) };
        let deaths = [death(at, Some(71), Some("python3"))];
        let lives = [life("2026-03-02T10:00:02+00:00", None)];
        let logs = [
            Told { name: "kern.log", lives: &lives, pauses: &[], deaths: &[own] },
            Told { name: "dmesg.log", lives: &[], pauses: &[], deaths: &deaths },
        ];
        join(&logs).joined.len()
    };
    // A bot too says of a child of its own that it was killed, and is less sure.
    assert_eq!((told(0.95), told(0.6)), (0, 1));
}

#[test]
fn a_kill_ends_the_run_that_it_fits_best_and_no_other() {
    let kill = [death(Some("2026-03-02T10:00:00+00:00"), Some(71), Some("bot.service"))];
    for (lives, run) in [
        // The next one stops four seconds behind it.
        ([life("2026-03-02T10:00:00+00:00", None), life("2026-03-02T10:00:04+00:00", None)], 0),
        ([life("2026-03-02T09:59:10+00:00", None), life("2026-03-02T09:59:59+00:00", None)], 1),
        ([life("2026-03-02T09:59:59+00:00", Some(71)), life("2026-03-02T10:00:00+00:00", None)], 0),
    ] {
        let found = join(&[
            Told { name: "bot.log", lives: &lives, pauses: &[], deaths: &[] },
            Told { name: "kern.log", lives: &[], pauses: &[], deaths: &kill },
        ]);
        let runs: Vec<usize> = found.joined.iter().map(|joined| joined.run).collect();
        assert_eq!(runs, [run]);
    }
}

#[test]
fn what_happened_much_later_is_something_else() {
    let late = |at| death(Some(at), Some(80), Some("python3"));
    assert!(sure(life(ENDED, None), late("2026-03-02T10:01:00+00:00")) > 0.0);
    assert_eq!(sure(life(ENDED, None), late("2026-03-02T10:01:01+00:00")), 0.0);
    assert_eq!(sure(life(ENDED, None), late("2026-03-02T09:59:50+00:00")), 0.0);
    let slow = Life { every: Some(60.0), ..life(ENDED, None) };
    assert!(sure(slow, late("2026-03-02T10:03:00+00:00")) > 0.0, "three beats of its rhythm");
}

#[test]
fn an_operator_who_stopped_it_ten_minutes_before_did_it() {
    let kill = death(Some("2026-03-02T10:10:00+00:00"), Some(80), Some("python3"));
    let stop = Death {
        fate: Fate::Asked,
        incident: None,
        ..death(Some("2026-03-02T10:00:01+00:00"), None, Some("bot.service"))
    };
    let slow = Life { every: Some(300.0), ..life(ENDED, None) };
    assert_eq!(joined(slow.clone(), std::slice::from_ref(&kill)).joined.len(), 1);
    assert!(joined(slow, &[stop, kill]).joined.is_empty());
}

#[test]
fn zones_are_not_guessed() {
    let kill = death(Some("2026-03-02T10:00:02+00:00"), Some(71), Some("python3"));
    let unzoned = life("2026-03-02 10:00:00", Some(71));
    let both = joined(unzoned.clone(), &[kill]);
    assert!(both.joined.is_empty());
    assert_eq!(both.unclear.len(), 1, "{both:?}");
    let kill = death(Some("2026-03-02 10:00:02"), Some(71), Some("python3"));
    let found = joined(unzoned, &[kill]);
    assert!(found.joined[0].note.contains("Neither log has a zone"), "{found:?}");
    // Other zones, the same moment.
    let kill = death(Some("2026-03-02T12:00:02+02:00"), Some(71), Some("python3"));
    assert_eq!(sure(life(ENDED, Some(71)), kill), 0.97);
}

#[test]
fn seconds_since_boot_join_by_pid_alone() {
    assert_eq!(sure(life(ENDED, Some(71)), death(None, Some(71), Some("python3"))), 0.85);
    assert_eq!(sure(life(ENDED, None), death(None, Some(71), Some("python3"))), 0.0);
    assert_eq!(sure(life(ENDED, Some(70)), death(None, Some(71), Some("python3"))), 0.0);
}

#[test]
fn an_end_that_is_explained_stays_so() {
    let at = Some("2026-03-02T10:00:02+00:00");
    for (end, explained, joins) in [
        (End::Crash, Some(0.9), false),
        (End::Crash, Some(0.6), true),
        (End::Clean, None, false),
        (End::Silent, None, true),
    ] {
        let life = Life { end, explained, ..life(ENDED, Some(71)) };
        let found = sure(life, death(at, Some(71), Some("python3")));
        assert_eq!(found > 0.0, joins, "{end:?}");
    }
}

#[test]
fn a_year_that_is_missing_is_that_of_the_other_log() {
    let at = Some("Mar  2 10:00:02");
    let unzoned = life("2026-03-02 10:00:00", None);
    assert_eq!(sure(unzoned, death(at, Some(71), Some("python3"))), 0.85);
}

#[test]
fn pids_and_units_are_read_where_they_are_named() {
    for (text, pid) in [
        ("INFO bot started, pid 12107", Some(12_107)),
        ("Bot heartbeat. PID=7, version='2024'", Some(7)),
        ("2026-03-02 INFO tape[71]: book stored", Some(71)),
        ("INFO rapid 5 fills", None),
        ("INFO prices [64000]: ok", None),
    ] {
        assert_eq!(pid_in(text), pid, "{text}");
    }
    assert_eq!(
        named_in("systemd[1]: Stopping dca.service - DCA bot..."),
        Some("dca.service".into())
    );
    assert_eq!(named_in("INFO stopped: dca (exit status 0)"), Some("dca".into()));
}

fn halts(pauses: &[Pause], lives: &[Life], at: &str) -> Vec<Halted> {
    let halt = Death { fate: Fate::Halted, ..death(Some(at), None, None) };
    let found = join(&[
        Told { name: "bot.log", lives, pauses, deaths: &[] },
        Told { name: "kern.log", lives: &[], pauses: &[], deaths: &[halt] },
    ]);
    assert!(found.joined.is_empty(), "nobody was killed");
    found.halts.iter().map(|halt| halt.which).collect()
}

#[test]
fn what_halts_the_machine_explains_the_silence_around_it() {
    let at = |text: &str| stamp(text).unwrap();
    let pause = Pause {
        incident: 0,
        from: at("2026-03-02T10:00:00+00:00"),
        to: at("2026-03-02T11:00:00+00:00"),
    };
    let pauses = [pause];
    for (time, is_joined) in [
        ("2026-03-02T10:00:01+00:00", true),
        ("2026-03-02T10:59:59+00:00", true),
        ("2026-03-02T09:59:55+00:00", true),
        ("2026-03-02T09:59:54+00:00", false),
        ("2026-03-02T11:00:05+00:00", true),
        ("2026-03-02T11:00:06+00:00", false),
        ("2026-03-02T12:30:00+02:00", true),
        ("2026-03-02 10:30:00", false),
    ] {
        let found = halts(&pauses, &[], time);
        assert_eq!(found, if is_joined { vec![Halted::Pause(0)] } else { vec![] }, "{time}");
    }
}

#[test]
fn what_halts_the_machine_explains_a_run_that_just_stops() {
    let silent = Life { end: End::Silent, ..life(ENDED, None) };
    let near = "2026-03-02T10:00:10+00:00";
    assert_eq!(halts(&[], std::slice::from_ref(&silent), near), [Halted::Run(0)]);
    assert!(halts(&[], &[silent], "2026-03-02T10:01:01+00:00").is_empty(), "much later");
    assert!(halts(&[], &[life(ENDED, None)], near).is_empty(), "nobody says that it stopped");
    let clean = Life { end: End::Clean, ..life(ENDED, None) };
    assert!(halts(&[], &[clean], near).is_empty(), "it said goodbye");
}
