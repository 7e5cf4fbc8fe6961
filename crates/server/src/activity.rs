//! What a connection is doing, and until when it may: the deadlines against clients that hold connections open with
//! slow headers, slow reading or silence. hyper's own header timeout also runs between requests, and not at all while
//! the version is sniffed, so the states are kept here, fed by the socket (`io`) and by the requests (`record`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use crate::Limits;

const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a connection that was told to close may take.
const CLOSING: Duration = Duration::from_secs(5);

/// How long an HTTP/1 connection may still take to send a request when the server stops.
pub(crate) const DRAINING: Duration = Duration::from_secs(1);

/// What to do with a connection at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: a request is being answered; look again.
    Recheck,
    /// Close politely: it is idle.
    Idle,
    /// Drop it, for the reason.
    Dead(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// So many bytes of the HTTP/2 preface have come.
    Unknown(usize),
    H1,
    H2,
}

/// The state of one connection, shared by its socket, its requests and its watchdog.
#[derive(Debug)]
pub(crate) struct Activity {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    protocol: Protocol,
    /// The last byte that was read was a CR.
    after_cr: bool,
    /// Requests from their header's end to the end of their response.
    in_flight: usize,
    /// Those of them whose response has begun.
    responding: usize,
    /// When the last request ended, or the connection was accepted.
    idle_since: Instant,
    /// When the first byte of an incomplete header came.
    header_since: Option<Instant>,
    /// When the socket stopped taking bytes.
    blocked_since: Option<Instant>,
    /// When a response last gave bytes away.
    progress: Instant,
    /// Told to close.
    closing: Option<Instant>,
    /// The server stops.
    draining: Option<Instant>,
}

impl Activity {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            protocol: Protocol::Unknown(0),
            after_cr: false,
            in_flight: 0,
            responding: 0,
            idle_since: now,
            header_since: None,
            blocked_since: None,
            progress: now,
            closing: None,
            draining: None,
        };
        Arc::new(Self { limits, state: Mutex::new(state) })
    }

    /// Until when the present state may last, and what then.
    pub(crate) fn deadline(&self, now: Instant) -> (Instant, Verdict) {
        let state = self.lock();
        // A stream of HTTP/2 that crossed the farewell on its way is answered to its end.
        if let Some(since) = state.closing.filter(|_| state.in_flight == 0) {
            return (since.max(state.idle_since) + CLOSING, Verdict::Dead("told to close"));
        }
        if let Some(since) = state.blocked_since {
            return (since + self.limits.write_progress, Verdict::Dead("the client does not read"));
        }
        if state.in_flight > 0 {
            // On HTTP/2 the socket takes our pings while the streams' windows stay shut.
            if state.responding > 0 && state.protocol == Protocol::H2 {
                return (state.progress + self.limits.write_progress, Verdict::Dead("the client does not read"));
            }
            return (now + self.limits.write_progress.min(self.limits.idle), Verdict::Recheck);
        }
        // hyper closes an idle connection itself, but waits for a request that has begun.
        if let Some(since) = state.draining.filter(|_| state.protocol != Protocol::H2) {
            return (since.max(state.idle_since) + DRAINING, Verdict::Dead("the server stops"));
        }
        if state.protocol == Protocol::Unknown(0) {
            return (state.idle_since + self.limits.first_byte, Verdict::Dead("nothing was sent"));
        }
        match state.header_since {
            Some(since) => (since + self.limits.header_read, Verdict::Dead("the request header is not completed")),
            None => (state.idle_since + self.limits.idle, Verdict::Idle),
        }
    }

    /// Since when it has asked for nothing: no request is being answered, whether or not the next one has begun.
    pub(crate) fn silent_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.in_flight == 0).then_some(state.idle_since)
    }

    /// Whether its first bytes were those of HTTP/1.
    pub(crate) fn is_http1(&self) -> bool {
        self.lock().protocol == Protocol::H1
    }

    /// A request was answered at once.
    pub(crate) fn answered(&self) {
        let mut state = self.lock();
        state.header_since = None;
        state.idle_since = Instant::now();
    }

    /// The connection was told to close.
    pub(crate) fn closing(&self) {
        self.lock().closing = Some(Instant::now());
    }

    /// The server stops.
    pub(crate) fn draining(&self) {
        self.lock().draining = Some(Instant::now());
    }

    /// Bytes came. On HTTP/1 a LF without CR is overwritten with NUL, which the parser refuses with 400: hyper takes
    /// it for a line end, other programs for a part of the line, and of such differences requests are smuggled.
    /// (Bodies are never read, so whatever follows a header may be spoilt.)
    pub(crate) fn read(&self, bytes: &mut [u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.sniff(bytes);
        if state.protocol == Protocol::H2 {
            state.header_since = None;
            return;
        }
        if state.in_flight == 0 && state.header_since.is_none() {
            state.header_since = Some(Instant::now());
        }
        state.refuse_bare_lf(bytes);
    }

    /// The socket took bytes, or did not.
    pub(crate) fn wrote(&self, progress: bool) {
        let mut state = self.lock();
        if progress {
            state.blocked_since = None;
        } else if state.blocked_since.is_none() {
            state.blocked_since = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sniff(&mut self, bytes: &[u8]) {
        let Protocol::Unknown(seen) = self.protocol else { return };
        let expected = &H2_PREFACE[seen..];
        let n = expected.len().min(bytes.len());
        self.protocol = if bytes[..n] != expected[..n] {
            Protocol::H1
        } else if n == expected.len() {
            Protocol::H2
        } else {
            Protocol::Unknown(seen + n)
        };
    }

    fn refuse_bare_lf(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, *byte == b'\r');
            if *byte == b'\n' && !after_cr {
                *byte = 0;
            }
        }
    }
}

/// A request that is being answered, from its header's end until this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    activity: Arc<Activity>,
    responding: bool,
}

impl InFlight {
    pub(crate) fn begin(activity: Arc<Activity>) -> Self {
        {
            let mut state = activity.lock();
            state.in_flight += 1;
            state.header_since = None;
        }
        Self { activity, responding: false }
    }

    /// How many requests of its connection are being answered, with this one.
    pub(crate) fn together(&self) -> usize {
        self.activity.lock().in_flight
    }

    /// The response has begun, or gave more bytes away.
    pub(crate) fn progress(&mut self) {
        let mut state = self.activity.lock();
        if !self.responding {
            state.responding += 1;
            self.responding = true;
        }
        state.progress = Instant::now();
    }

    /// The client would take more, and waits for us: for a source, or for a disk. That is no fault of its own.
    pub(crate) fn waits(&mut self) {
        if self.responding {
            self.activity.lock().responding -= 1;
            self.responding = false;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        state.in_flight -= 1;
        state.responding -= usize::from(self.responding);
        state.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(activity: &Activity) -> Verdict {
        activity.deadline(Instant::now()).1
    }

    #[test]
    fn states_of_an_http1_connection() {
        let activity = Activity::new(Limits::default());
        assert_eq!(verdict(&activity), Verdict::Dead("nothing was sent"));
        activity.read(&mut b"GET /".to_vec());
        assert_eq!(verdict(&activity), Verdict::Dead("the request header is not completed"));
        let mut flight = InFlight::begin(Arc::clone(&activity));
        assert_eq!(verdict(&activity), Verdict::Recheck);
        flight.progress();
        assert_eq!(verdict(&activity), Verdict::Recheck);
        activity.wrote(false);
        assert_eq!(verdict(&activity), Verdict::Dead("the client does not read"));
        activity.wrote(true);
        drop(flight);
        assert_eq!(verdict(&activity), Verdict::Idle);
        activity.read(&mut b"G".to_vec());
        assert_eq!(verdict(&activity), Verdict::Dead("the request header is not completed"));
    }

    #[test]
    fn an_http2_connection_is_idle_although_frames_come() {
        let activity = Activity::new(Limits::default());
        for byte in H2_PREFACE {
            activity.read(&mut [*byte]);
        }
        activity.read(&mut b"\0\0\x08\x06\0\n\n".to_vec());
        assert_eq!(verdict(&activity), Verdict::Idle);
        let mut flight = InFlight::begin(Arc::clone(&activity));
        flight.progress();
        assert_eq!(verdict(&activity), Verdict::Dead("the client does not read"));
    }

    #[test]
    fn a_slow_source_was_taken_for_a_client_that_does_not_read() {
        let activity = Activity::new(Limits::default());
        for byte in H2_PREFACE {
            activity.read(&mut [*byte]);
        }
        let (mut one, mut other) = (InFlight::begin(Arc::clone(&activity)), InFlight::begin(Arc::clone(&activity)));
        one.progress();
        one.waits();
        one.waits();
        assert_eq!(verdict(&activity), Verdict::Recheck);
        other.progress();
        assert_eq!(verdict(&activity), Verdict::Dead("the client does not read"), "the other one");
        drop(other);
        assert_eq!(verdict(&activity), Verdict::Recheck);
        one.progress();
        assert_eq!(verdict(&activity), Verdict::Dead("the client does not read"));
    }

    #[test]
    fn a_stream_that_crossed_the_farewell_was_cut_after_five_seconds() {
        let activity = Activity::new(Limits::default());
        activity.read(&mut H2_PREFACE.to_vec());
        activity.closing();
        assert_eq!(verdict(&activity), Verdict::Dead("told to close"));
        let flight = InFlight::begin(Arc::clone(&activity));
        assert_eq!(verdict(&activity), Verdict::Recheck);
        drop(flight);
        assert_eq!(verdict(&activity), Verdict::Dead("told to close"));
    }

    #[test]
    fn a_bare_lf_is_spoilt_on_http1_only() {
        let activity = Activity::new(Limits::default());
        let mut bytes = *b"GET / HTTP/1.1\r";
        activity.read(&mut bytes);
        let mut bytes = *b"\nHost: a\nX: b\r\n\n";
        activity.read(&mut bytes);
        assert_eq!(&bytes, b"\nHost: a\0X: b\r\n\0");
    }
}
