//! A host that repeats what it is sent, another that must get nothing, and a configuration full of secrets.

use std::{fs, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goproxy_testkit::{Answer, Home, ProxyBuilder, Request, Site, SiteOptions, SumDb, write_script};
use tempfile::TempDir;

use super::needles::{canary, in_url};
use crate::engine::Engine;

/// What the host does with a request, by a word of its path.
pub(super) const MOODS: [&str; 8] =
    ["unauthorized", "forbidden", "broken", "strange", "missing", "git", "away", "hang"];

/// Where credentials are from, by the first element of the path.
pub(super) const OWNERS: [&str; 9] =
    ["token", "password", "tokenfile", "tokenenv", "command", "bearer", "netrc", "insteadof", "extraheader"];

/// `canary("htpasswd")`, as `htpasswd -B` has it.
const ANN: &str = "ann:$2b$05$hAlsbHGgIM31HSckYLE77uWvCemnRqyabSE3EvvXQd4osiRIODWUG\n";
/// The SHA-256 of `canary("static")`.
const STATIC: &str = "5fc4468382b4013a00d74ce24e3e91b2d22a7ce98d4c9054610321367ecbbf4d";

pub(super) struct World {
    pub(super) echo: Site,
    pub(super) other: Site,
    home: Home,
    dir: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let other = Site::start(SiteOptions::default(), async |_| Answer::text(404, "nothing here\n")).await;
        let away = other.url();
        let echo = Site::start(SiteOptions::default(), move |request| {
            let away = away.clone();
            async move { answer(&request, &away) }
        })
        .await;
        let world = Self { echo, other, home: Home::new(), dir: TempDir::new().unwrap() };
        world.furnish();
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the host's user has: git's configuration, `.netrc`.
    fn furnish(&self) {
        let url = self.echo.url();
        let instead = self.echo.url_with_userinfo(&format!("x:{}", in_url("insteadof")));
        self.home.instead_of("https://github.com/", &format!("{url}/"));
        self.home.instead_of("https://github.com/insteadof/", &format!("{instead}/insteadof/"));
        let header = canary("extraheader");
        self.home
            .git_config(&format!("[http \"{url}/extraheader/\"]\n\textraHeader = Authorization: Bearer {header}\n"));
        self.home.netrc("127.0.0.1", "bot", &canary("netrc"));
        fs::write(self.path("token"), canary("tokenfile")).unwrap();
        fs::write(self.path("htpasswd"), ANN).unwrap();
        write_script(&self.path("command"), &format!("#!/bin/sh\necho '{{\"token\":\"{}\"}}'\n", canary("command")));
        fs::write(
            self.path("key.pem"),
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", canary("tlskey")),
        )
        .unwrap();
        self.configure("");
    }

    /// Writes the configuration, with more at its end.
    pub(super) fn configure(&self, more: &str) {
        let (url, command, file) = (self.echo.url(), self.path("command"), self.path("token"));
        let row = |owner: &str, keys: String| format!("[[credentials]]\nurl = '{url}/{owner}/'\n{keys}\n");
        let mut text =
            String::from("responseTimeout = '2s'\nconnectTimeout = '2s'\ndirectTimeout = '20s'\ncacheExpire = '1s'\n");
        text += &format!("htpasswd = '{}'\n", self.path("htpasswd").display());
        text += &format!("[[tokens]]\nname = 'static'\nsha256 = '{STATIC}'\n");
        text += "[[access]]\nwho = ['ann', 'static']\nright = 'read'\n";
        text += &row("token", format!("token = '{}'", canary("token")));
        text += &row("password", format!("username = 'bot'\npassword = '{}'", canary("password")));
        text += &row("tokenfile", format!("tokenFile = '{}'", file.display()));
        text += &row("tokenenv", "tokenEnv = 'SECRET_OF_ENV'".to_owned());
        text += &row("command", format!("command = ['{}']", command.display()));
        text += &row("bearer", format!("token = '{}'\nheader = 'bearer'", canary("bearer")));
        fs::write(self.path("goproxy.toml"), text + more).unwrap();
    }

    /// The program, as talkative as it can be.
    pub(super) fn builder(&self, engine: Engine) -> ProxyBuilder {
        let sums = SumDb::new("sums.example.org");
        let with = |field: &str| self.echo.url_with_userinfo(&format!("u:{}", in_url(field)));
        // The first speaks no TLS.
        let proxies = format!("{}|{}/up", with("proxy").replace("http:", "https:"), with("proxy"));
        let databases = format!("other.example.org={}/sumdb,sums.example.org", with("sumdb"));
        engine
            .goproxy()
            .args(["-config".to_owned(), self.path("goproxy.toml").display().to_string()])
            .args(
                ["-proxy", &proxies, "-sumdb", &databases, "-logLevel", "debug", "-accessLog", "json"]
                    .map(str::to_owned),
            )
            .home(&self.home)
            .env("GOPRIVATE", "github.com")
            .env("GOSUMDB", format!("{} {}/gosumdb", sums.verifier_key(), with("gosumdb")))
            .env("SECRET_OF_ENV", canary("tokenenv"))
            .env("GOPROXY_TOKEN", canary("goproxytoken"))
            .env("GOPROXY_TOKEN_VARIABLE", "CI_ID_TOKEN")
            .env("CI_ID_TOKEN", canary("goproxytoken"))
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", canary("goproxytoken"))
    }
}

/// Everything that came, again: as it is, decoded, and as a URL would have it.
fn answer(request: &Request, away: &str) -> Answer {
    let mood = MOODS.into_iter().find(|mood| request.path.contains(mood)).unwrap_or("missing");
    let sent = request.header("authorization").unwrap_or_default();
    let word = sent.rsplit(' ').next().unwrap_or_default();
    let login = STANDARD.decode(word).map(|login| String::from_utf8_lossy(&login).into_owned()).unwrap_or_default();
    let encoded: String = login.bytes().map(|b| format!("%{b:02X}")).collect();
    let said = format!("you sent {sent} which is {login} or {} for {encoded}", STANDARD.encode(format!("x{login}")));
    let text = |status| Answer::text(status, format!("{said}\n")).header("X-Echo", sent);
    match mood {
        "unauthorized" => text(401).header("WWW-Authenticate", "Basic realm=\"http://evil.example/\""),
        "forbidden" => text(403),
        "broken" => text(500),
        "strange" => text(418),
        "git" => {
            let line = format!("ERR {said}");
            let body = format!("001e# service=git-upload-pack\n0000{:04x}{line}", line.len() + 4);
            Answer::new(200, "application/x-git-upload-pack-advertisement", body)
        }
        "away" => Answer::redirect(302, &format!("{away}{}", request.target)),
        "hang" => Answer::hang().delay(Duration::from_secs(30)),
        _ => text(404),
    }
}
