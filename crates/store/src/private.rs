//! Files for the account that makes them alone: they hold names, folders and sums of money.

use std::fs::File;
use std::path::Path;

/// Makes an empty file, unless there is one: that keeps its permissions, which whoever
/// runs it may have widened. Where none can be made, opening it says why.
///
/// SQLite takes an empty file for a new database, and gives the files that it keeps
/// beside a database the permissions of that. One that is there is not opened: closing it
/// again would give up the locks that this process holds on it.
pub(crate) fn make(path: &Path) {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_file_is_private_and_an_old_one_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.db");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        make(&path);
        assert_eq!(mode(), 0o600);
        fs::write(&path, "kept").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        make(&path);
        assert_eq!((mode(), fs::read_to_string(&path).unwrap().as_str()), (0o640, "kept"));
    }
}
