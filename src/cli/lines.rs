//! JSON lines, plain or gzipped, from a file or from standard input.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// The longest line that is read, in bytes: a log that Log Service takes is shorter (10 MB).
const MAX_LINE_BYTES: usize = 16 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<&Path> for Input {
    /// `-` is standard input.
    fn from(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(path.to_owned())
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// Opens it; whether it is gzipped is seen from its first bytes, not from its name.
    pub(super) fn open(&self) -> io::Result<Lines> {
        let source: Box<dyn Read + Send> = match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::File(path) => Box::new(File::open(path)?),
        };
        Lines::new(source)
    }
}

/// Lines, one after the other.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    number: u64,
}

/// One line, with its number from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    /// Without its end; `None` where it is longer than any log may be.
    pub(super) text: Option<&'a [u8]>,
}

impl Lines {
    fn new(source: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut plain = BufReader::with_capacity(BUFFER_BYTES, source);
        // One byte may come alone from a pipe; the second is waited for.
        let mut head = Vec::with_capacity(GZIP.len());
        plain.by_ref().take(2).read_to_end(&mut head)?;
        let whole = io::Cursor::new(head.clone()).chain(plain);
        let source: Box<dyn Read + Send> = if head == GZIP {
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        };
        Ok(Self {
            reader: BufReader::with_capacity(BUFFER_BYTES, source),
            line: Vec::new(),
            number: 0,
        })
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            let is_whole = self.read_line()?;
            if self.line.is_empty() {
                return Ok(None);
            }
            self.number += 1;
            if is_whole && text(&self.line, self.number).is_empty() {
                continue;
            }
            let number = self.number;
            let text = is_whole.then(|| text(&self.line, number));
            return Ok(Some(Line { number, text }));
        }
    }

    /// Whether a further line is at hand without waiting for the source.
    pub(super) fn has_buffered_line(&self) -> bool {
        self.reader.buffer().contains(&b'\n')
    }

    /// Reads up to the end of a line; `false` where it was too long and is not kept.
    fn read_line(&mut self) -> io::Result<bool> {
        let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        self.reader
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.line)?;
        if self.line.len() < MAX_LINE_BYTES || self.line.ends_with(b"\n") {
            return Ok(true);
        }
        self.line.truncate(1);
        self.reader.skip_until(b'\n')?;
        Ok(false)
    }
}

/// The line without white space around it, and the first without a byte order mark.
fn text(line: &[u8], number: u64) -> &[u8] {
    let line = line
        .strip_prefix(b"\xef\xbb\xbf")
        .filter(|_| number == 1)
        .unwrap_or(line);
    line.trim_ascii()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn read(bytes: Vec<u8>) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(Box::new(io::Cursor::new(bytes))).unwrap();
        let mut found = Vec::new();
        while let Some(Line { number, text }) = lines.next_line().unwrap() {
            found.push((
                number,
                text.map(|text| String::from_utf8(text.to_vec()).unwrap()),
            ));
        }
        found
    }

    #[test]
    fn blank_lines_count_but_do_not_come() {
        let found = read(b"\xef\xbb\xbf{}\r\n\n  \n[1]\nlast".to_vec());
        let expected = [(1, "{}"), (4, "[1]"), (5, "last")];
        assert_eq!(
            found,
            expected.map(|(number, text)| (number, Some(text.to_owned())))
        );
        assert_eq!(read(Vec::new()), []);
        assert_eq!(read(b"1".to_vec()), [(1, Some("1".to_owned()))]);
    }

    #[test]
    fn gzip_is_seen_from_the_bytes() {
        let member = |text: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let found = read([member(b"{}\n"), member(b"{\"a\":1}\n")].concat());
        assert_eq!(
            found,
            [
                (1, Some("{}".to_owned())),
                (2, Some("{\"a\":1}".to_owned()))
            ]
        );
    }

    #[test]
    fn a_cut_gzip_file_is_an_error() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&b"{\"a\":1}\n".repeat(1000)).unwrap();
        let mut bytes = encoder.finish().unwrap();
        bytes.truncate(bytes.len() - 4);
        let mut lines = Lines::new(Box::new(io::Cursor::new(bytes))).unwrap();
        let outcome = std::iter::repeat_with(|| lines.next_line().map(|line| line.is_some()))
            .find(|outcome| !matches!(outcome, Ok(true)));
        assert!(matches!(outcome, Some(Err(_))), "{outcome:?}");
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES + 5];
        bytes.extend_from_slice(b"\n{}\n");
        assert_eq!(read(bytes), [(1, None), (2, Some("{}".to_owned()))]);
    }
}
