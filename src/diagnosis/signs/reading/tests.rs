#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::Quantity::{Connections, Files, Memory, Queue, Tasks, Threads};
use super::Unit::{Bytes, Percent, Plain};
use super::{Quantity, Unit, may_hold, readings};

const MIB: f64 = 1024.0 * 1024.0;

/// Name, value, unit, limit.
type Told<'a> = (Quantity, &'a str, f64, Unit, Option<f64>);

#[test]
fn lines_tell_what_the_process_holds() {
    let cases: [(&str, &[Told<'_>]); 34] = [
        ("rss=512MB", &[(Memory, "rss", 512.0 * MIB, Bytes, None)]),
        (
            "health rss_mb=181.4 fds=34",
            &[(Memory, "rss", 181.4 * MIB, Bytes, None), (Files, "fds", 34.0, Plain, None)],
        ),
        ("Memory usage: 512.3 MB", &[(Memory, "memory usage", 512.3 * MIB, Bytes, None)]),
        ("memory usage is 512 MiB", &[(Memory, "memory usage", 512.0 * MIB, Bytes, None)]),
        ("mem=71%", &[(Memory, "mem", 71.0, Percent, None)]),
        ("memory 71.5 % cpu 12.0 %", &[(Memory, "memory", 71.5, Percent, None)]),
        ("VmRSS:\t  123456 kB", &[(Memory, "vmrss", 123_456.0 * 1024.0, Bytes, None)]),
        (
            r#"{"event": "health", "rss": 123456789}"#,
            &[(Memory, "rss", 123_456_789.0, Plain, None)],
        ),
        (
            "tracemalloc current 18.2MiB",
            &[(Memory, "tracemalloc current", 18.2 * MIB, Bytes, None)],
        ),
        ("heap 1.5G", &[(Memory, "heap", 1536.0 * MIB, Bytes, None)]),
        ("using 1,024 MB of memory", &[(Memory, "memory", 1024.0 * MIB, Bytes, None)]),
        (
            "512 MB RSS, 34 open files, 12 threads",
            &[
                (Memory, "rss", 512.0 * MIB, Bytes, None),
                (Files, "open files", 34.0, Plain, None),
                (Threads, "threads", 12.0, Plain, None),
            ],
        ),
        ("rss 300/512 MB", &[(Memory, "rss", 300.0 * MIB, Bytes, Some(512.0 * MIB))]),
        ("memory 300 MB of 512 MB", &[(Memory, "memory", 300.0 * MIB, Bytes, Some(512.0 * MIB))]),
        (
            "memory: 300 MB (limit 512 MB)",
            &[(Memory, "memory", 300.0 * MIB, Bytes, Some(512.0 * MIB))],
        ),
        (
            "memory limit 512 MB, rss 300 MB",
            &[(Memory, "rss", 300.0 * MIB, Bytes, Some(512.0 * MIB))],
        ),
        ("open fds: 812/1024", &[(Files, "open fds", 812.0, Plain, Some(1024.0))]),
        ("open_files=812 limit=1024", &[(Files, "open files", 812.0, Plain, Some(1024.0))]),
        ("num_handles: 1200", &[(Files, "num handles", 1200.0, Plain, None)]),
        (
            "sockets=12 connections=8",
            &[
                (Connections, "sockets", 12.0, Plain, None),
                (Connections, "connections", 8.0, Plain, None),
            ],
        ),
        ("asyncio tasks: 512", &[(Tasks, "asyncio tasks", 512.0, Plain, None)]),
        (
            "tasks=1024 queue=17",
            &[(Tasks, "tasks", 1024.0, Plain, None), (Queue, "queue", 17.0, Plain, None)],
        ),
        ("queue length 17", &[(Queue, "queue length", 17.0, Plain, None)]),
        ("qsize=3", &[(Queue, "qsize", 3.0, Plain, None)]),
        ("backlog: 2100 messages", &[(Queue, "backlog", 2100.0, Plain, None)]),
        ("pending=12", &[(Queue, "pending", 12.0, Plain, None)]),
        ("42 messages pending", &[(Queue, "messages pending", 42.0, Plain, None)]),
        (
            "worker 3 rss=80MB worker 4 rss=90MB",
            &[(Memory, "rss", 80.0 * MIB, Bytes, None), (Memory, "rss 2", 90.0 * MIB, Bytes, None)],
        ),
        ("memoryUsageMb: 512", &[(Memory, "memory usage", 512.0 * MIB, Bytes, None)]),
        (
            "process_resident_memory_bytes 1.2e+08",
            &[(Memory, "process resident memory", 1.2e8, Bytes, None)],
        ),
        ("RAM: 85%", &[(Memory, "ram", 85.0, Percent, None)]),
        ("'mem_rss': 104857600,", &[(Memory, "mem rss", 100.0 * MIB, Plain, None)]),
        ("rss_mb=512 kb=ab", &[(Memory, "rss", 512.0 * MIB, Bytes, None)]),
        ("rss_mb=512 pct=9", &[(Memory, "rss", 512.0 * MIB, Bytes, None)]),
    ];
    for (text, told) in cases {
        assert!(may_hold(text.as_bytes()), "{text}");
        let found = readings(text);
        let found: Vec<Told<'_>> = found
            .iter()
            .map(|one| (one.quantity, one.name.as_str(), one.value, one.unit, one.limit))
            .collect();
        assert_eq!(found.len(), told.len(), "{text}: {found:?}");
        for (one, other) in found.iter().zip(told) {
            assert_eq!(
                (one.0, one.1, one.3, one.4),
                (other.0, other.1, other.3, other.4),
                "{text}"
            );
            assert!((one.2 - other.2).abs() < 1.0, "{text}: {} {}", one.2, other.2);
        }
    }
}

#[test]
fn what_counts_something_else_is_left_alone() {
    for text in [
        "free memory 512 MB",
        "available memory: 2.1 GB",
        "memory +12 MB since start",
        "memory delta=12MB",
        "memory of that trade lasts 3 days",
        "in memory of 2008",
        "balance 512.3 USDT, 0.3 locked",
        "position size 512",
        "order queue id 812 at 64000.5",
        "order 812 queue position 5",
        "pending orders: 12",
        "pending=3.5 USDT",
        "task 12 of batch 4",
        "task=12 done",
        "tasks completed: 1812",
        "512 tasks done",
        "tasks 512 completed",
        "total connections 18121",
        "connections accepted=12",
        "fd=12",
        "thread 7f31 started",
        "file 12 of 40 written",
        "files=12",
        "memory at 10:20:30",
        "memory dump 2026-05-01",
        "heap.py line 12",
        "connection to 10.0.0.1:443 lost after 12 s",
        "queue wait 12 ms",
        "GPU memory 512 MB",
        "used weight 812/1200",
        "disk 71% used",
        "429 candles read, 503 kept, 812 dropped, code 3",
        "ws ping 12 pong 12, connection alive for 12 s",
        "mem 12",
        "",
    ] {
        let found = readings(text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    for text in ["BTCUSDT 64000.5 0.12", "no digit, but memory", "2026-05-01 10:00:00 INFO tick"] {
        assert!(!may_hold(text.as_bytes()), "{text}");
    }
}

#[test]
fn numbers_are_told_as_logged_and_found_again_by_what_stands_beside_them() {
    for (line, text, beside) in [
        ("health rss_mb=181.4 fds=34", "181.4 MB", "rss_mb="),
        ("Memory usage: 512.3 MB", "512.3 MB", "usage: "),
        ("34 open files", "34", " open files"),
        ("VmRSS:\t  123456 kB", "123456 kB", "VmRSS:\t  "),
        (r#"{"event": "health", "rss": 123456789}"#, "123456789", "rss\": "),
        ("rss 300/512 MB", "300 MB", "rss "),
    ] {
        let found = readings(line);
        assert_eq!((found[0].text.as_str(), found[0].beside.as_str()), (text, beside), "{line}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,300}") {
        readings(&text);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        may_hold(&bytes);
        readings(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn nothing_is_read_that_the_cheap_look_rejects(text in "[a-z_ =:/%.,0-9]{0,12}(rss|mem|queue|fds|tasks|open files|heap|sockets|pending)[a-z_ =:/%.,0-9MGKB]{0,24}") {
        prop_assert!(readings(&text).is_empty() || may_hold(text.as_bytes()), "{}", text);
    }

    #[test]
    fn a_field_is_read_in_any_company(value in 1_u32..9_000, before in "([a-z]{1,6}=[a-z]{1,4} ){0,3}", behind in "( [a-z]{1,6}=[a-z]{1,4}){0,3}") {
        let text = format!("{before}rss_mb={value}{behind}");
        let found = readings(&text);
        prop_assert!(found.iter().any(|one| one.name == "rss" && (one.value - f64::from(value) * MIB).abs() < 1.0), "{} {:?}", text, found);
    }
}
