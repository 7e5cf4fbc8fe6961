//! Just enough HTTP/1.1 for both ends of a benchmark: kept-alive connections, bodies by length or in chunks.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail};

/// The start of a request or of an answer.
pub(super) struct Head {
    pub(super) first: String,
    fields: Vec<(String, String)>,
}

impl Head {
    /// `None` where the other side has closed.
    pub(super) fn read(reader: &mut impl BufRead) -> Result<Option<Self>> {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(Some(Self { first: first.trim_end().to_owned(), fields }));
            }
            let (name, value) = line.split_once(':').with_context(|| format!("a header line `{line}`"))?;
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// A header field; the name in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What follows the head.
    pub(super) fn body(&self, reader: &mut impl BufRead) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.field("transfer-encoding") == Some("chunked") {
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let size = u64::from_str_radix(line.trim(), 16).with_context(|| format!("a chunk of size `{line}`"))?;
                reader.take(size).read_to_end(&mut body)?;
                reader.read_line(&mut line)?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = self.field("content-length").map_or(Ok(0), str::parse)?;
        if reader.take(length).read_to_end(&mut body)? as u64 != length {
            bail!("a body was cut short");
        }
        Ok(body)
    }
}

/// A client's connection.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// To a port of this machine.
    pub(super) fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(1 << 16, stream)))
    }

    /// A GET; `headers` are whole lines. Whatever is not 200 is an error.
    pub(super) fn get(&mut self, path: &str, headers: &str) -> Result<Vec<u8>> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n");
        self.0.get_mut().write_all(head.as_bytes())?;
        self.answer(path)
    }

    /// A POST, likewise.
    pub(super) fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Result<Vec<u8>> {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.answer(path)
    }

    fn answer(&mut self, path: &str) -> Result<Vec<u8>> {
        let head = Head::read(&mut self.0)?.with_context(|| format!("{path}: no answer"))?;
        let body = head.body(&mut self.0).with_context(|| path.to_owned())?;
        if head.first.split(' ').nth(1) != Some("200") {
            bail!("{path}: {} {}", head.first, String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
