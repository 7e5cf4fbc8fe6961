//! `goproxy run -- command`: a private instance for one command. And process 1, which is best shown with it.

use goproxy_testkit::{ModuleFixture, Output, Proxy, ProxyBuilder, Upstream, write_script};

fn goproxy<const N: usize>(args: [&str; N]) -> ProxyBuilder {
    Proxy::builder(env!("CARGO_BIN_EXE_goproxy")).bare().args(args)
}

async fn shell(script: &str) -> Output {
    goproxy(["run", "--", "sh", "-c", script]).run().await
}

#[tokio::test]
async fn the_command_gets_goproxy_and_its_status_is_ours() {
    let output = shell("echo \"$GOPROXY\"; echo \"$KEPT\" >&2; exit 7").await;
    assert_eq!(output.code, Some(7), "{output:?}");
    let port = output.stdout.trim().strip_prefix("http://127.0.0.1:").expect("a loopback URL");
    assert!(port.parse::<u16>().is_ok_and(|port| port > 0), "{output:?}");
    let output =
        goproxy(["run", "-pathPrefix", "/x", "sh", "-c", "echo \"$GOPROXY $KEPT\""]).env("KEPT", "kept").run().await;
    assert!(output.stdout.ends_with("/x kept\n"), "{output:?}");
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "quiet: {output:?}");
}

#[tokio::test]
async fn a_signal_is_128_and_its_number() {
    assert_eq!(shell("kill -KILL $$").await.code, Some(137));
    assert_eq!(shell("kill -TERM $$").await.code, Some(143));
    // Sent to us while the command runs: passed on to it, and it decides. The sleep must not hold our pipes: a shell's
    // child that has not become another program yet may lose its signal to the shell's own trap.
    let output = shell("trap 'kill $!; echo caught; exit 9' TERM; sleep 60 >&- 2>&- & kill -TERM $PPID; wait").await;
    assert_eq!((output.code, output.stdout.as_str()), (Some(9), "caught\n"), "{output:?}");
}

#[tokio::test]
async fn a_command_that_cannot_be_run() {
    let output = goproxy(["run", "--", "no-such-command-anywhere"]).run().await;
    assert_eq!(output.code, Some(127), "{output:?}");
    assert_eq!(output.stderr, "goproxy: run: no-such-command-anywhere: command not found\n");
    let output = goproxy(["run", "--", "/dev/null"]).run().await;
    assert_eq!(output.code, Some(126), "{output:?}");
    let output = goproxy(["run", "-listen", "unix:/tmp/x", "--", "true"]).run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
}

#[tokio::test]
async fn the_private_instance_serves() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("a.example/m", "v1.2.3");
    upstream.add(&module);
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("client");
    // A client without curl: the shell of the test machine is all there is.
    write_script(
        &script,
        "#!/usr/bin/env python3\nimport os, sys, urllib.request\n\
        sys.stdout.write(urllib.request.urlopen(os.environ['GOPROXY'] + '/a.example/m/@v/list').read().decode())\n",
    );
    let output = goproxy(["run", "-proxy", &upstream.url(), "--"]).arg(&script).run().await;
    if output.code == Some(127) || output.stderr.contains("env:") {
        goproxy_testkit::skipped("no python3 for a client");
        return;
    }
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "v1.2.3\n"), "{output:?}");
}

/// Runs a script under `goproxy run` as process 1 of its own PID namespace; `None`, loudly, where that is impossible.
async fn as_process_1(script: &str) -> Option<Output> {
    for flags in [["--pid", "--fork", "--mount-proc", ""], ["--pid", "--fork", "--mount-proc", "-r"]] {
        let flags: Vec<&str> = flags.into_iter().filter(|flag| !flag.is_empty()).collect();
        let unshare = || Proxy::builder("unshare").bare().args(flags.clone());
        if unshare().arg("true").run_if_there().await.is_some_and(|output| output.ok) {
            let binary = env!("CARGO_BIN_EXE_goproxy");
            return Some(unshare().args([binary, "run", "--", "sh", "-c", script]).run().await);
        }
    }
    goproxy_testkit::skipped("unshare --pid is not allowed here");
    None
}

/// `run` panics where the program does not exist.
trait RunIfThere {
    async fn run_if_there(self) -> Option<Output>;
}

impl RunIfThere for ProxyBuilder {
    async fn run_if_there(self) -> Option<Output> {
        tokio::spawn(self.run()).await.ok()
    }
}

#[tokio::test]
async fn process_1_passes_the_status_on() {
    for (script, code) in [("exit 7", 7), ("kill -KILL $$", 137), ("true", 0)] {
        let Some(output) = as_process_1(script).await else { return };
        assert_eq!(output.code, Some(code), "{script}: {output:?}");
    }
}

#[tokio::test]
async fn process_1_reaps_orphans() {
    // The subshell ends at once and leaves its child to process 1; a second later nobody may be a zombie.
    let script = "echo \"1 is $(cat /proc/1/comm)\"; (sleep 0.1 &); (true &); sleep 1; \
                  for s in /proc/[0-9]*/stat; do cat $s; done 2>/dev/null | grep -c ') Z '; true";
    let Some(output) = as_process_1(script).await else { return };
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "1 is goproxy\n0\n"), "{output:?}");
}

#[tokio::test]
async fn process_1_passes_signals_on() {
    let script = "trap 'kill $!; echo caught; exit 9' TERM; sleep 60 & kill -TERM 1; wait";
    let Some(output) = as_process_1(script).await else { return };
    assert_eq!((output.code, output.stdout.as_str()), (Some(9), "caught\n"), "{output:?}");
}
