//! Requests as text that a fuzzer can make sense of.
//!
//! ```text
//! log1 POST /logstores/logs/shards/lb
//! x-log-compresstype: lz4
//!
//! body, any bytes, up to a line of three dashes
//! ---
//! wait 30000
//! ---
//! table2 POST /ListTable
//! ---
//! admin GET /__admin/counts
//! ```

/// One step of a script.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// Time goes by, in milliseconds.
    Wait(u64),
    /// A request.
    Send(Sent<'a>),
}

/// A request in the making.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    /// To whom, and how it is signed.
    pub(super) way: Way,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    /// These stand in the place of what is sent without being told.
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a [u8],
}

/// To whom a request goes, and how it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    LogUnsigned,
    LogVersion1,
    LogVersion4,
    TableUnsigned,
    TableVersion2,
    TableVersion4,
    /// The sandbox's own door.
    Admin,
}

/// The steps of a script; what is no step is passed over.
pub(super) fn steps(script: &[u8]) -> impl Iterator<Item = Step<'_>> {
    let mut rest = Some(script);
    let parts = std::iter::from_fn(move || {
        let whole = rest?;
        let end = whole.windows(5).position(|window| window == b"\n---\n");
        rest = end.map(|end| &whole[end + 5..]);
        Some(end.map_or(whole, |end| &whole[..end]))
    });
    parts.filter_map(step)
}

fn step(part: &[u8]) -> Option<Step<'_>> {
    let mut rest = part;
    let mut words = line(&mut rest)?.splitn(3, ' ');
    let way = match words.next()? {
        "wait" => return Some(Step::Wait(words.next()?.parse().ok()?)),
        "log0" => Way::LogUnsigned,
        "log1" => Way::LogVersion1,
        "log4" => Way::LogVersion4,
        "table0" => Way::TableUnsigned,
        "table2" => Way::TableVersion2,
        "table4" => Way::TableVersion4,
        "admin" => Way::Admin,
        _ => return None,
    };
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let text = line(&mut rest)?;
        if text.is_empty() {
            break;
        }
        headers.extend(text.split_once(": "));
    }
    Some(Step::Send(Sent {
        way,
        method,
        target,
        headers,
        body: rest,
    }))
}

/// The next line; `None` where it is no text.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = after.get(1..).unwrap_or_default();
    std::str::from_utf8(line).ok()
}
