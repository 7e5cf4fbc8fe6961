//! A process group: killed as a whole, and only while its leader is not reaped, since until then its number cannot
//! have been given to somebody else.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};

use super::{Finished, Streams, output};

/// How long output may go on after the program has ended: something it left behind holds the pipe.
const GRACE: Duration = Duration::from_secs(1);
/// The longest pause between two looks at whether the program has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
}

impl Group {
    /// Starts a command that was given a group of its own and piped output.
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(|leader| Self { leader })
    }

    /// Gives the leader its input, waits until it has ended, and reads everything it wrote. `None` when it writes too much.
    pub(super) async fn finish(&mut self, streams: &Streams) -> io::Result<Option<Finished>> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (stdin, out, err) = (self.leader.stdin.take(), self.leader.stdout.take(), self.leader.stderr.take());
        {
            let reading = async {
                let feed = async { all(output::feed(stdin, &streams.input).await.map(|()| true)) };
                let out = async { all(output::head(out, streams.out_limit, &mut stdout).await) };
                let err = async { all(output::tail(err, streams.err_limit, &mut stderr).await.map(|()| true)) };
                // The flood of one pipe must not wait for the other.
                tokio::try_join!(feed, out, err)
            };
            tokio::pin!(reading);
            let read = tokio::select! {
                read = &mut reading => Some(read),
                _ = self.ended() => tokio::time::timeout(GRACE, reading).await.ok(),
                () = streams.flooded() => return Ok(None),
            };
            match read {
                Some(Ok(_)) | None => {}
                Some(Err(Stop::Flood)) => return Ok(None),
                Some(Err(Stop::Broken(e))) => return Err(e),
            }
        }
        // A program that closed its pipes may go on writing to its file.
        let status = tokio::select! {
            status = self.reap() => status?,
            () = streams.flooded() => return Ok(None),
        };
        Ok((!streams.is_flooded()).then_some(Finished { status, stdout, stderr }))
    }

    /// Ends everything, now.
    pub(super) async fn kill_and_reap(&mut self) {
        self.kill();
        // Nobody is left who could be told that this failed.
        let _ = self.leader.wait().await;
    }

    /// Waits for the leader and collects its status. What a leader that was killed leaves behind is killed too; what one
    /// that ended in peace leaves behind is meant to stay (a credential cache, for one).
    async fn reap(&mut self) -> io::Result<ExitStatus> {
        if self.ended().await == Ended::Killed {
            self.kill();
        }
        self.leader.wait().await
    }

    /// Waits for the leader's end without reaping it.
    async fn ended(&self) -> Ended {
        let mut pause = Duration::from_millis(1);
        loop {
            let Some(pid) = self.pid() else { return Ended::InPeace };
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            match waitid(WaitId::Pid(pid), options) {
                Ok(None) => {}
                Ok(Some(status)) if status.exited() => return Ended::InPeace,
                Ok(Some(_)) => return Ended::Killed,
                Err(rustix::io::Errno::INTR) => continue,
                // Reaped by somebody else; waiting for it says so.
                Err(_) => return Ended::InPeace,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The leader's number, which is the group's, as long as the leader is not reaped.
    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.leader.id()?).ok()?)
    }

    fn kill(&self) {
        if let Some(pid) = self.pid() {
            // Fails only if all of the group are gone already.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// The runtime reaps the leader afterwards (`kill_on_drop`).
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    InPeace,
    Killed,
}

/// Why reading stops before both pipes are at their end.
enum Stop {
    Flood,
    Broken(io::Error),
}

fn all(read: io::Result<bool>) -> Result<(), Stop> {
    match read {
        Ok(true) => Ok(()),
        Ok(false) => Err(Stop::Flood),
        Err(e) => Err(Stop::Broken(e)),
    }
}
