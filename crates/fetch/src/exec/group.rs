//! A process group: killed as a whole, and only while its leader is not reaped, since until then its number cannot
//! have been given to somebody else.

use std::{io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};

use super::{Finished, output};

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

    /// Waits until the leader has ended and everything it wrote is read. `None` when it writes too much.
    pub(super) async fn finish(&mut self, out_limit: usize, err_limit: usize) -> io::Result<Option<Finished>> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let pipes = self.leader.stdout.take().zip(self.leader.stderr.take());
        let (out, err) = pipes.ok_or_else(|| io::Error::other("output is not piped"))?;
        {
            let reading = async {
                let err = async { output::tail(err, err_limit, &mut stderr).await.map(|()| true) };
                // The flood of one pipe must not wait for the other.
                tokio::try_join!(async { all(output::head(out, out_limit, &mut stdout).await) }, async {
                    all(err.await)
                })
            };
            tokio::pin!(reading);
            let read = tokio::select! {
                read = &mut reading => Some(read),
                _ = self.ended() => tokio::time::timeout(GRACE, reading).await.ok(),
            };
            match read {
                Some(Ok(_)) | None => {}
                Some(Err(Stop::Flood)) => return Ok(None),
                Some(Err(Stop::Broken(e))) => return Err(e),
            }
        }
        let status = self.reap().await?;
        Ok(Some(Finished { status, stdout, stderr }))
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
