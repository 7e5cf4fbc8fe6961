//! Real processes: what is killed, what is bounded, what is left.

use std::time::{Duration, Instant};

use super::*;

const LIMIT: u64 = STDOUT_LIMIT as u64;

fn sh(script: &str) -> Exec {
    Exec::new(Path::new("/bin/sh")).args(["-c", script]).envs([("PATH".into(), "/usr/bin:/bin".into())])
}

/// The state letter of a process (`R`, `S`, `Z`...), unless it is gone.
fn state(pid: &str) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit(')').next()?.split_whitespace().next()?.to_owned())
}

/// Waits until none of the processes is there any more, not even as a zombie. Orphans are reaped by whoever adopts them,
/// so for them a zombie is as good as gone.
async fn gone(leader: &str, others: &[&str]) {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let dead = |pid: &&&str| state(pid).is_none_or(|s| s == "Z" || s == "X");
        if state(leader).is_none() && others.iter().filter(dead).count() == others.len() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still there: leader {:?}, others {:?}", state(leader), others.iter().map(|p| state(p)).collect::<Vec<_>>());
}

/// Waits for the file that the script writes its process numbers to.
async fn pids(file: &Path) -> Vec<String> {
    for _ in 0..1000 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.ends_with("end\n") {
            return text.lines().filter(|l| *l != "end").map(str::to_owned).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the script did not start");
}

#[tokio::test]
async fn output_status_environment_and_directory() {
    let dir = tempfile::tempdir().unwrap();
    let script = "pwd -P; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort; cat; echo oops >&2; exit 3";
    let done = sh(script).envs([("A".into(), "b c".into())]).cwd(dir.path()).run().await.unwrap();
    let here = dir.path().canonicalize().unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), format!("{}\nA=b c\nPATH=/usr/bin:/bin\n", here.display()));
    assert_eq!((done.status.code(), done.stderr.as_slice()), (Some(3), &b"oops\n"[..]));
}

#[tokio::test]
async fn a_missing_program_is_told_apart() {
    let error = Exec::new(Path::new("/nonexistent/go")).run().await.unwrap_err();
    assert!(matches!(error, ExecError::Missing(_)), "{error}");
}

#[tokio::test]
async fn dropping_the_future_kills_grandchildren_and_leaves_no_zombie() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let script = format!(
        "echo $$ >{0}; sleep 1000 & echo $! >>{0}; sleep 1000 & echo $! >>{0}; echo end >>{0}; wait",
        file.display()
    );
    let run = tokio::spawn(sh(&script).run());
    let pids = pids(&file).await;
    assert_eq!(pids.len(), 3);
    run.abort();
    gone(&pids[0], &[&pids[1], &pids[2]]).await;
}

#[tokio::test]
async fn the_time_limit_kills_the_group() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    // The leader ignores what can be ignored.
    let script =
        format!("trap '' TERM INT HUP; echo $$ >{0}; sleep 1000 & echo $! >>{0}; echo end >>{0}; wait", file.display());
    let error = sh(&script).time_limit(Duration::from_secs(1)).run().await.unwrap_err();
    assert!(matches!(error, ExecError::TimeLimit(_, _)), "{error}");
    let pids = pids(&file).await;
    // Reaped before the error is returned.
    assert_eq!(state(&pids[0]), None);
    gone(&pids[0], &[&pids[1]]).await;
}

#[tokio::test]
async fn a_flood_on_standard_output_ends_the_program() {
    let error = sh("yes").run().await.unwrap_err();
    assert!(matches!(error, ExecError::Flood(_, LIMIT)), "{error}");
    // Even if its standard error stays open and silent.
    let error = sh("sleep 1000 >/dev/null & yes").run().await.unwrap_err();
    assert!(matches!(error, ExecError::Flood(_, LIMIT)), "{error}");
}

#[tokio::test]
async fn input_is_given_and_closed() {
    let much = vec![b'x'; 1 << 20];
    let done = sh("echo begin; cat").input(much.clone()).run().await.unwrap();
    assert_eq!(done.stdout.len(), "begin\n".len() + much.len());
    // Whoever does not read it is not held up by it, and no failure.
    let done = sh("exec <&-; echo answer").input(much).run().await.unwrap();
    assert_eq!(done.stdout, b"answer\n");
}

#[tokio::test]
async fn output_to_a_file_is_bounded() {
    let file = tempfile::tempfile().unwrap();
    let done = sh("echo answer; echo oops >&2").out_file(&file, 100).unwrap().run().await.unwrap();
    assert_eq!((done.stdout.len(), done.stderr.as_slice(), file.metadata().unwrap().len()), (0, &b"oops\n"[..], 7));
    let file = tempfile::tempfile().unwrap();
    let error = sh("exec 2>&-; while echo y; do :; done").out_file(&file, 1 << 16).unwrap().run().await.unwrap_err();
    assert!(matches!(error, ExecError::Flood(_, 65536)), "{error}");
    let error = sh("head -c 70000 /dev/zero").out_file(&file, 1 << 16).unwrap().run().await.unwrap_err();
    assert!(matches!(error, ExecError::Flood(..)), "{error}");
}

#[tokio::test]
async fn temporary_files_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str| sh(&format!("head -c 70000 /dev/zero >{name}; sleep 1000")).cwd(dir.path());
    let error = write("tmp_x").spool_limit(dir.path(), 1 << 16).run().await.unwrap_err();
    assert!(matches!(error, ExecError::Flood(_, 65536)), "{error}");
    std::fs::remove_file(dir.path().join("tmp_x")).unwrap();
    let short = write("pack").spool_limit(dir.path(), 1 << 16).time_limit(Duration::from_secs(1));
    assert!(matches!(short.run().await.unwrap_err(), ExecError::TimeLimit(..)));
}

#[tokio::test]
async fn of_standard_error_the_end_is_kept() {
    let done = sh("i=0; while [ $i -lt 100000 ]; do echo \"line $i\" >&2; i=$((i+1)); done; echo last >&2")
        .run()
        .await
        .unwrap();
    assert_eq!(done.stderr.len(), STDERR_LIMIT);
    assert!(done.stderr.ends_with(b"line 99999\nlast\n"));
}

#[tokio::test]
async fn what_is_left_behind_does_not_hold_up_the_result() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let script = format!("echo answer; sleep 1000 & echo $! >{0}; echo end >>{0}", file.display());
    let done = sh(&script).run().await.unwrap();
    assert_eq!(done.stdout, b"answer\n");
    let left = pids(&file).await;
    assert!(state(&left[0]).is_some_and(|s| s != "Z"));
    let pid = rustix::process::Pid::from_raw(left[0].parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn what_a_killed_program_leaves_behind_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pids");
    let script =
        format!("echo $$ >{0}; sleep 1000 >/dev/null 2>&1 & echo $! >>{0}; echo end >>{0}; kill -9 $$", file.display());
    let done = sh(&script).run().await.unwrap();
    assert_eq!(done.status.code(), None);
    let pids = pids(&file).await;
    gone(&pids[0], &[&pids[1]]).await;
}
