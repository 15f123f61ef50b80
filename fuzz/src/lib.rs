//! How targets feed their bytes to a reader of logs.

use std::io;
use std::path::Path;

use ingest::harvest::{Decoded, Decoder};
use ingest::{Harvest, Record, lines};

/// Makes a decoder from the state that an earlier one left.
pub type Make = fn(&Path, Option<&str>) -> Box<dyn Decoder + Send>;

/// Reads the bytes as records of a file at that path: in one go, and with a new
/// decoder a record. Both must give the same.
///
/// # Panics
/// If they do not.
pub fn lines(bytes: &[u8], path: &str, make: Make) {
    let path = Path::new(path);
    let through = read(bytes, make(path, None).as_mut());
    let resumed = read(bytes, &mut Resumed { path, make, state: None });
    assert_eq!(through.observations, resumed.observations);
    assert_eq!(through.problems, resumed.problems);
    assert_eq!(through.tallies, resumed.tallies);
}

fn read(bytes: &[u8], decoder: &mut dyn Decoder) -> Harvest {
    let mut harvest = Harvest::default();
    lines::read(&mut &*bytes, 0, decoder, &mut harvest, &mut |_| {}).expect("a slice can be read");
    harvest
}

/// Forgets everything but the state after each record.
struct Resumed<'a> {
    path: &'a Path,
    make: Make,
    state: Option<String>,
}

impl Decoder for Resumed<'_> {
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded {
        let mut decoder = (self.make)(self.path, self.state.as_deref());
        let decoded = decoder.decode(record, harvest);
        self.state = Some(decoder.state());
        decoded
    }

    fn state(&self) -> String {
        self.state.clone().unwrap_or_default()
    }
}

/// Reads the bytes as a document at that path below an empty folder.
///
/// # Panics
/// If the file cannot be written or read.
pub fn document(bytes: &[u8], path: &str, read: fn(&Path, &mut Harvest) -> io::Result<()>) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).expect("folders can be made");
    std::fs::write(&path, bytes).expect("the document can be written");
    read(&path, &mut Harvest::default()).expect("a document that is there can be read");
}
