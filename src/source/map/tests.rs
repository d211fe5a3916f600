use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use super::*;

fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn any_offset_and_length_can_be_mapped() {
    let bytes: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
    let file = file_of(&bytes);
    for (offset, len) in [(0, 1), (1, 5_000), (4_095, 2), (4_096, 10), (99_999, 1), (0, 100_000)] {
        let window = Window::open(&file, offset as u64, len).unwrap();
        assert_eq!(window.bytes(), &bytes[offset..offset + len]);
        assert!(!window.torn());
    }
}

#[test]
fn a_file_truncated_under_a_window_reads_as_zeros_and_says_so() {
    let file = file_of(&[b'x'; 1 << 20]);
    let window = Window::open(&file, 5_000, 900_000).unwrap();
    let other = Window::open(&file, 0, 4_096).unwrap();
    assert_eq!(window.bytes()[400_000], b'x');
    file.set_len(100_000).unwrap();
    let torn: Vec<bool> = std::thread::scope(|scope| {
        let scans: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| window.bytes().iter().rposition(|&byte| byte == b'x')))
            .collect();
        scans.into_iter().map(|scan| scan.join().unwrap() == Some(100_000 - 5_001)).collect()
    });
    assert_eq!(torn, [true, true]);
    assert!(window.torn());
    assert_eq!(other.bytes()[4_095], b'x');
    assert!(!other.torn(), "the other window lost nothing");
    drop(window);
    assert!(!Window::open(&file, 0, 4_096).unwrap().torn(), "a slot is used anew");
}

/// Which case a child process is to act out.
const CASE: &str = "MAP_TEST_CASE";

/// Runs a case in a process of its own: it takes all slots, or ends in a signal.
fn act_out(case: &str) -> std::process::ExitStatus {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "source::map::tests::child"])
        .env(CASE, case)
        .output();
    child.unwrap().status
}

#[test]
fn when_no_slot_is_left_nothing_is_mapped() {
    assert!(act_out("slots").success());
}

#[test]
fn any_other_signal_ends_the_process() {
    assert_eq!(act_out("access").signal(), Some(libc::SIGBUS));
    assert_eq!(act_out("sent").signal(), Some(libc::SIGBUS));
}

#[test]
#[ignore = "acted out by the tests above"]
fn child() {
    let file = file_of(&[b'x'; 8_192]);
    let window = Window::open(&file, 0, 8_192).unwrap();
    match std::env::var(CASE).as_deref() {
        Ok("slots") => {
            let mut windows = vec![window];
            let error = loop {
                match Window::open(&file, 0, 5) {
                    Ok(window) => windows.push(window),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
            assert_eq!(windows.len(), SLOTS);
            windows.pop();
            assert!(Window::open(&file, 0, 5).is_ok());
        }
        Ok("access") => {
            // SAFETY: a map the guard does not know; what its shrinking does is what is tested.
            let unknown = unsafe { Mmap::map(&file).unwrap() };
            file.set_len(0).unwrap();
            assert_eq!(window.bytes()[5_000], 0);
            std::hint::black_box(unknown[5_000]);
        }
        Ok("sent") => {
            // The handler that the standard library installs lets the first one pass.
            for _ in 0..2 {
                // SAFETY: sends a signal to this very process.
                unsafe { libc::raise(libc::SIGBUS) };
            }
        }
        _ => {}
    }
}
