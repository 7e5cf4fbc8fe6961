//! What packages rely on: the health check, sockets and messages of the service manager, the manual, the completions.

use std::os::unix::net::UnixDatagram;

use goproxy_testkit::{Proxy, ProxyBuilder, TestCa, wait_until};

use crate::support::{PATIENCE, goproxy};

const BINARY: &str = env!("CARGO_BIN_EXE_goproxy");

fn program(name: &str) -> ProxyBuilder {
    Proxy::builder(name).bare()
}

async fn is_there(name: &str) -> bool {
    let there = program("sh").args(["-c", "command -v \"$0\" >&2", name]).run().await.ok;
    if !there {
        goproxy_testkit::skipped(&format!("packaged: no {name} on this machine"));
    }
    there
}

async fn health(args: &[&str]) -> (Option<i32>, String) {
    let output = program(BINARY).arg("healthcheck").args(args.iter().copied()).run().await;
    assert_eq!(output.stdout, "", "{output:?}");
    (output.code, output.stderr)
}

#[tokio::test]
async fn healthcheck_says_whether_it_serves() {
    let mut proxy = goproxy().start().await;
    let address = proxy.address().to_string();
    assert_eq!(health(&["-listen", &address]).await, (Some(0), String::new()));
    assert_eq!(health(&["-ready", "-listen", &address]).await, (Some(0), String::new()));
    // Every address of the machine includes this one.
    let everywhere = format!(":{}", proxy.address().port());
    assert_eq!(health(&["-listen", &everywhere]).await, (Some(0), String::new()));
    proxy.kill9();
    let (code, why) = health(&["-listen", &address]).await;
    assert_eq!(code, Some(1));
    assert!(why.starts_with(&format!("goproxy: healthcheck: {address}/healthz: ")), "{why}");
}

#[tokio::test]
async fn healthcheck_behind_tls_with_and_without_client_certificates() {
    let (ca, folder) = (TestCa::new(), tempfile::tempdir().unwrap());
    ca.issue(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let tls = ["-tlsCert".to_owned(), path("tls.crt"), "-tlsKey".to_owned(), path("tls.key")];
    let mutual = ["-tlsClientCA".to_owned(), ca.path().to_str().unwrap().to_owned()];
    for more in [&mutual[..0], &mutual[..]] {
        let flags: Vec<_> = tls.iter().chain(more).map(String::as_str).collect();
        let mut proxy = goproxy().args(flags.clone()).start().await;
        let address = proxy.address().to_string();
        let asked = [&["-listen", &*address][..], &flags].concat();
        assert_eq!(health(&asked).await, (Some(0), String::new()), "{more:?}");
        proxy.kill9();
        assert_eq!(health(&asked).await.0, Some(1), "{more:?}");
    }
}

#[tokio::test]
async fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = String::new();
    let mut until = |word: &str| {
        while !said.contains(word) {
            let mut message = [0; 1024];
            let len = manager.recv(&mut message).unwrap_or_else(|error| panic!("{word}: {error}: {said}"));
            said.push_str(std::str::from_utf8(&message[..len]).unwrap());
        }
        said = said.split_off(said.find(word).unwrap() + word.len());
    };
    let mut proxy = goproxy().env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000").start().await;
    until(&format!("READY=1\nSTATUS=listening on {}\n", proxy.url()));
    until("WATCHDOG=1\n");
    until("WATCHDOG=1\n");
    proxy.hangup();
    until("RELOADING=1\nMONOTONIC_USEC=");
    until("READY=1\n");
    assert!(proxy.terminate(PATIENCE).await.is_some_and(|status| status.success()));
    until("STOPPING=1\n");
}

#[tokio::test]
async fn a_socket_of_the_service_manager_is_served() {
    if !is_there("systemd-socket-activate").await {
        return;
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let command = ["-l", &free.to_string(), BINARY, "-cacheDir", cache.path().to_str().unwrap()].map(str::to_owned);
    // It starts the program with the first connection.
    let knock = async {
        wait_until(PATIENCE, || std::net::TcpStream::connect(free).is_ok()).await;
    };
    let (proxy, ()) = tokio::join!(program("systemd-socket-activate").args(command).start(), knock);
    assert_eq!(proxy.address(), free);
    assert!(proxy.log().contains("-listen does not count"), "{}", proxy.log());
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn more_than_one_socket_is_an_error() {
    let output = program(BINARY).args(["-cacheDir", "/nonexistent/x"]).env("LISTEN_FDS", "2").run().await;
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("LISTEN_FDS holds 2 sockets"), "{output:?}");
    // Meant for another process.
    let output = program(BINARY).args(["-cacheDir", "/dev/null/x"]).env("LISTEN_FDS", "2").env("LISTEN_PID", "1");
    assert!(output.run().await.stderr.contains("cache directory"));
}

#[tokio::test]
async fn shells_complete_commands_flags_and_values() {
    let script = "source <(\"$0\" completions bash); compopt() { echo compopt \"$@\"; }
        for line in 'goproxy chec' 'goproxy -logF' 'goproxy -accessLog ' 'goproxy verify -rep' 'goproxy completions f' \
            'goproxy import /'; do
            COMP_WORDS=($line); [[ $line = *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _goproxy; echo \"${COMPREPLY[*]}\"
        done";
    if is_there("bash").await {
        let output = program("bash").args(["-c", script, BINARY]).run().await;
        assert_eq!(
            output.stdout, "check-config\n-logFormat\ntext json off\n-repair\nfish\ncompopt -o dirnames\n\n",
            "{output:?}"
        );
    }
    if is_there("fish").await {
        let script = "$argv[1] completions fish | source; complete -C 'goproxy chec'; complete -C 'goproxy -accessLog js'; \
                      complete -C 'goproxy verify -rep'; complete -C 'goproxy -accessLog '; complete -C 'goproxy import /us'";
        let output = program("fish").args(["-N", "-c", script, BINARY]).run().await;
        let words: Vec<_> = output.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words, ["check-config", "json", "-repair", "json", "off", "text", "/usr/"], "{output:?}");
    }
    if is_there("zsh").await {
        let script = "autoload -U compinit; compinit -D -u; source <(\"$0\" completions zsh); whence -w _goproxy; \
                      echo $_comps[goproxy]";
        let output = program("zsh").args(["-f", "-c", script, BINARY]).run().await;
        assert_eq!(output.stdout, "_goproxy: function\n_goproxy\n", "{output:?}");
    }
}

#[tokio::test]
async fn the_manual_can_be_read() {
    let page = program(BINARY).arg("man").run().await.stdout;
    assert!(page.starts_with(".TH GOPROXY 1"), "{page}");
    if is_there("mandoc").await {
        let script = "\"$0\" man | mandoc -T lint -W error";
        let output = program("sh").args(["-c", script, BINARY]).run().await;
        assert_eq!((output.code, &*output.stdout), (Some(0), ""), "{output:?}");
    }
}
