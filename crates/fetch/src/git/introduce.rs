//! The first listing of a remote. It takes two requests, one for what the server can and one for its refs; nearly all
//! servers can the same, so both are sent at once, and there is one wait instead of two.

use std::pin::pin;

use goproxy_engine::Result;
use goproxy_git::{
    ObjectFormat, Refs,
    wire::{Capabilities, ListLimits, list_request},
};

use super::{
    discover::below,
    http::{HttpRemote, upload_pack},
    memory::Place,
    wrong::Wrong,
};

impl HttpRemote {
    /// What [`HttpRemote::discover`] finds, with the refs of a version 2 server too where they came along. The listing
    /// counts only if the discovery leads to the place and the format that it was asked in.
    pub(super) async fn introduce(&self) -> Result<(Place, Option<Refs>), Wrong> {
        let (hosts, host) = (&self.shared.hosts, &self.way.host);
        let turn = if self.memory.has_failed() { None } else { hosts.spare(host) };
        let Some(_turn) = turn else { return self.discover().await };
        let introduced = Box::pin(self.introduce_at_once()).await.inspect_err(|_| self.memory.learn_failure())?;
        // What does not lead anywhere says nothing of the host.
        if introduced.1.is_none() || introduced.0.capabilities.is_older() {
            hosts.mark_odd(host);
        }
        Ok(introduced)
    }

    async fn introduce_at_once(&self) -> Result<(Place, Option<Refs>), Wrong> {
        let usual = Place { base: below(&self.asked, ""), capabilities: Capabilities::usual() };
        let (mut discovery, mut listing) = (pin!(self.discover()), pin!(self.list_as_usual(&usual)));
        let mut listed = None;
        let (place, refs) = loop {
            tokio::select! {
                done = &mut discovery => break done?,
                refs = &mut listing, if listed.is_none() => listed = Some(refs),
            }
        };
        if refs.is_some() || place.base != usual.base || place.capabilities.format != usual.capabilities.format {
            return Ok((place, refs));
        }
        let listed = match listed {
            Some(listed) => listed,
            None => listing.await,
        };
        Ok((place, listed.ok().map(|(_, refs)| refs)))
    }

    /// Without asking anybody for a password: the discovery does that. What goes wrong is found again by who asks in
    /// the right way, and told by them.
    async fn list_as_usual(&self, usual: &Place) -> Result<(ObjectFormat, Refs), Wrong> {
        let url = below(&usual.base, "/git-upload-pack");
        let client = self.shared.options.http.for_access(&url, self.access)?;
        let request = upload_pack(client, &url, usual, list_request(&usual.capabilities).into());
        let login = Box::pin(self.login(&url)).await?;
        let response = self.send_as(&url, request, login.as_ref()).await?;
        self.listed(usual, self.answered(url, response, ListLimits::default().bytes + 1, 1)?).await
    }
}
