//! Writes a trace: plain, or compressed when the name ends in `.gz` or `.zst`.
//!
//! What is written here reads back as the same rows. A file appears under its name only when it is whole.

use super::{COLUMNS, Row, TEXT_UNKNOWN, TraceError, agencies_text};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

enum Sink {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Sink {
    fn of(file: File, path: &Path) -> io::Result<Sink> {
        let file = BufWriter::new(file);
        Ok(match path.extension().and_then(|end| end.to_str()) {
            Some("gz") => Sink::Gzip(flate2::write::GzEncoder::new(
                file,
                flate2::Compression::default(),
            )),
            Some("zst") => Sink::Zstd(zstd::stream::write::Encoder::new(file, 3)?),
            Some(_) | None => Sink::Plain(file),
        })
    }

    fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Sink::Plain(file) => file,
            Sink::Gzip(encoder) => encoder.finish()?,
            Sink::Zstd(encoder) => encoder.finish()?,
        };
        file.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(sink) => sink.write(bytes),
            Sink::Gzip(sink) => sink.write(bytes),
            Sink::Zstd(sink) => sink.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(sink) => sink.flush(),
            Sink::Gzip(sink) => sink.flush(),
            Sink::Zstd(sink) => sink.flush(),
        }
    }
}

/// A trace that is being written.
pub struct Writer {
    path: PathBuf,
    unfinished: PathBuf,
    csv: csv::Writer<Sink>,
    rows: u64,
}

impl Writer {
    /// Starts a trace; nothing stands under `path` before [`Writer::finish`].
    pub fn create(path: &Path) -> Result<Writer, TraceError> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let started = File::create(&unfinished)
            .and_then(|file| Sink::of(file, path))
            .map(csv::Writer::from_writer)
            .and_then(|mut csv| {
                csv.write_record(COLUMNS)?;
                Ok(csv)
            });
        match started {
            Ok(csv) => Ok(Writer {
                path: path.to_path_buf(),
                unfinished,
                csv,
                rows: 0,
            }),
            Err(source) => Err(failed(path, source)),
        }
    }

    /// Adds a row.
    pub fn write(&mut self, row: &Row) -> Result<(), TraceError> {
        self.rows += 1;
        self.csv
            .write_record(cells(row))
            .map_err(|error| failed(&self.path, error.into()))
    }

    /// Ends the file and gives it its name. How many rows it has.
    pub fn finish(self) -> Result<u64, TraceError> {
        let finished = self
            .csv
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
            .and_then(Sink::finish)
            .and_then(|()| std::fs::rename(&self.unfinished, &self.path));
        finished
            .map(|()| self.rows)
            .map_err(|source| failed(&self.path, source))
    }
}

fn failed(path: &Path, source: io::Error) -> TraceError {
    TraceError::File {
        file: path.display().to_string(),
        source,
    }
}

/// The cells of a row, in the order of [`COLUMNS`].
fn cells(row: &Row) -> [String; COLUMNS.len()] {
    fn cell<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    [
        row.at.to_string(),
        row.key.clone(),
        row.line.clone(),
        cell(row.caller.as_ref()),
        cell(row.lat),
        cell(row.lon),
        cell(row.datum),
        cell(row.accuracy_m),
        row.text.clone().unwrap_or_else(|| TEXT_UNKNOWN.into()),
        cell(row.kind),
        cell(row.injured),
        cell(row.expect_agencies.map(agencies_text)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Reader;
    use engine::kind::{Agency, AgencySet, Kind};
    use engine::moment::Moment;
    use engine::place::datum::Datum;

    #[test]
    fn a_trace_reads_back_plain_and_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let full = Row {
            caller: Some("+8613800000000".into()),
            lat: Some(28.851_234_5),
            lon: Some(120.73),
            datum: Some(Datum::Gcj02),
            accuracy_m: Some(40.0),
            text: Some("追尾了,\"快\"\n来".into()),
            kind: Some(Kind::CrashInjury),
            injured: Some(2),
            expect_agencies: Some(AgencySet::of(&[Agency::Traffic, Agency::Medical])),
            ..Row::new(Moment(1_000), "k,1".into(), "122")
        };
        let silent = Row {
            text: Some(String::new()),
            expect_agencies: Some(AgencySet::EMPTY),
            ..Row::new(Moment(2_001), "k2".into(), "110")
        };
        let rows = [full, silent, Row::new(Moment(2_001), "k3".into(), "120")];
        for name in ["t.csv", "t.csv.gz", "t.csv.zst"] {
            let path = folder.path().join(name);
            let mut writer = Writer::create(&path).unwrap();
            for row in &rows {
                writer.write(row).unwrap();
            }
            assert!(!path.exists(), "a trace appears only when it is whole");
            assert_eq!(writer.finish().unwrap(), 3);
            let back: Vec<Row> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
            assert_eq!(back, rows, "{name}");
        }
        let first = std::fs::read(folder.path().join("t.csv.zst")).unwrap();
        assert!(first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Writer::create(Path::new("/nowhere/t.csv")).err().unwrap();
        assert!(error.to_string().contains("/nowhere/t.csv"), "{error}");
    }
}
