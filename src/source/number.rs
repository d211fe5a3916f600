//! What a system calls a file by, whatever its name is: a device and a number on it. The door to what is not the
//! same everywhere.

use std::fs::{File, Metadata};
use std::path::Path;

/// Device and number of the file that `path` names and whose metadata is `meta`; `None` where the system gives
/// none, or the file cannot be opened to be asked.
#[cfg(unix)]
pub(super) fn of_path(_path: &Path, meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

/// Device and number of an open file whose metadata is `meta`.
#[cfg(unix)]
pub(super) fn of_file(_file: &File, meta: &Metadata) -> Option<(u64, u64)> {
    of_path(Path::new(""), meta)
}

/// Device and number of the file that `path` names; `None` where it cannot be opened, or its file system gives none.
///
/// They are not in the metadata that the standard library gives, but NTFS keeps them, and a file that is renamed
/// keeps its own: see `nFileIndexHigh` of `BY_HANDLE_FILE_INFORMATION` in Microsoft's reference of Win32.
#[cfg(windows)]
pub(super) fn of_path(path: &Path, _meta: &Metadata) -> Option<(u64, u64)> {
    ask(winapi_util::Handle::from_path_any(path).ok()?)
}

/// Device and number of an open file.
#[cfg(windows)]
pub(super) fn of_file(file: &File, _meta: &Metadata) -> Option<(u64, u64)> {
    ask(file)
}

#[cfg(windows)]
fn ask(handle: impl winapi_util::AsHandleRef) -> Option<(u64, u64)> {
    let known = winapi_util::file::information(handle).ok()?;
    let (device, number) = (known.volume_serial_number(), known.file_index());
    (number != 0).then_some((device, number))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_keeps_its_number_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("bot.log"), folder.path().join("bot.log.1"));
        fs::write(&one, "a").unwrap();
        let file = File::open(&one).unwrap();
        let meta = file.metadata().unwrap();
        let number = of_file(&file, &meta);
        assert!(number.is_some());
        assert_eq!(of_path(&one, &meta), number);
        fs::rename(&one, &two).unwrap();
        assert_eq!(of_path(&two, &fs::metadata(&two).unwrap()), number);
        fs::write(&one, "b").unwrap();
        assert_ne!(of_path(&one, &fs::metadata(&one).unwrap()), number);
        let folder = folder.path();
        assert!(of_path(folder, &fs::metadata(folder).unwrap()).is_some(), "folders have one, too");
    }
}
