//! OpenTelemetry's own variables, by their standard names and meanings
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).

use std::{collections::BTreeMap, time::Duration};

use goproxy_engine::trace::Sampler;

use super::{Environment, value};
use crate::failure::Failure;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// How many spans may be told to wait at most.
const LONGEST_QUEUE: u64 = 1 << 16;

/// What they say, beside the endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Otel {
    /// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, to which nothing is added.
    pub(crate) exactly: Option<String>,
    /// OTEL_EXPORTER_OTLP_HEADERS, and those for traces.
    pub(crate) headers: Vec<(String, String)>,
    /// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
    pub(crate) resource: BTreeMap<String, String>,
    /// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.
    pub(crate) sampler: Sampler,
    /// OTEL_EXPORTER_OTLP_TIMEOUT.
    pub(crate) timeout: Duration,
    /// OTEL_BSP_SCHEDULE_DELAY.
    pub(crate) delay: Duration,
    /// OTEL_BSP_MAX_QUEUE_SIZE.
    pub(crate) queue: usize,
}

impl Default for Otel {
    fn default() -> Self {
        Self {
            exactly: None,
            headers: Vec::new(),
            resource: BTreeMap::from([("service.name".to_owned(), "goproxy".to_owned())]),
            sampler: Sampler::default(),
            timeout: Duration::from_secs(10),
            delay: Duration::from_secs(5),
            queue: 2048,
        }
    }
}

/// The default of `-otlpEndpoint`.
pub(super) fn endpoint(environment: &Environment) -> Result<String, String> {
    let disabled = environment.get("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"))
        || environment.get("OTEL_TRACES_EXPORTER") == Some("none");
    let named = [TRACES_ENDPOINT, ENDPOINT].into_iter().find_map(|name| Some((name, environment.get(name)?)));
    let Some((name, text)) = named.filter(|_| !disabled) else { return Ok("off".to_owned()) };
    value::endpoint(text).map_err(|remedy| format!("{name} in the environment {remedy}"))?;
    Ok(text.to_owned())
}

/// Reads the others, and notes those that are set.
pub(super) fn read(
    environment: &Environment,
    found: &mut Vec<(&'static str, String, &'static str)>,
) -> Result<Otel, Failure> {
    let mut otel = Otel { exactly: environment.get(TRACES_ENDPOINT).map(str::to_owned), ..Otel::default() };
    let mut get = |name: &'static str, meaning: &'static str| {
        let text = environment.get(name)?;
        let shown = if name.ends_with("HEADERS") { "xxxxx" } else { text };
        found.push((name, shown.to_owned(), meaning));
        Some((name, text))
    };
    if let Some((name, text)) = get("OTEL_RESOURCE_ATTRIBUTES", "attributes of this instance in traces") {
        otel.resource.extend(pairs(name, text)?);
    }
    if let Some((_, text)) = get("OTEL_SERVICE_NAME", "the name of this service in traces") {
        otel.resource.insert("service.name".to_owned(), text.to_owned());
    }
    for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
        if let Some((name, text)) = get(name, "sent to the collector of traces") {
            otel.headers.extend(pairs(name, text)?);
        }
    }
    let arg = get("OTEL_TRACES_SAMPLER_ARG", "the ratio of requests that are traced").map(|(_, text)| text);
    if let Some((name, text)) = get("OTEL_TRACES_SAMPLER", "which requests are traced") {
        otel.sampler = Sampler::parse(text, arg).map_err(|remedy| bad(name, text, &remedy))?;
    }
    let timeout = get("OTEL_EXPORTER_OTLP_TIMEOUT", "milliseconds for a batch of spans");
    let timeout = get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "milliseconds for a batch of spans").or(timeout);
    if let Some((name, text)) = timeout {
        otel.timeout = Duration::from_millis(number(name, text)?.max(1));
    }
    if let Some((name, text)) = get("OTEL_BSP_SCHEDULE_DELAY", "milliseconds for which spans gather") {
        otel.delay = Duration::from_millis(number(name, text)?);
    }
    if let Some((name, text)) = get("OTEL_BSP_MAX_QUEUE_SIZE", "how many spans may wait") {
        otel.queue = usize::try_from(number(name, text)?.clamp(1, LONGEST_QUEUE)).unwrap_or(otel.queue);
    }
    for name in ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] {
        let meaning = "spans are sent as http/json whatever it says: it must not be grpc";
        if let Some((name, text)) = get(name, meaning)
            && !text.starts_with("http/")
        {
            return Err(bad(
                name,
                text,
                "spans are sent over HTTP; write http/json and the port for HTTP, most often 4318",
            ));
        }
    }
    Ok(otel)
}

/// `name=value,name=value`, percent-encoded where it has to be (the W3C's Baggage).
fn pairs(name: &'static str, text: &str) -> Result<Vec<(String, String)>, Failure> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=')?;
        Some((decoded(key.trim())?, decoded(value.trim())?)).filter(|(key, _)| !key.is_empty())
    };
    let items = text.split(',').filter(|item| !item.trim().is_empty());
    let pairs: Option<Vec<_>> = items.map(pair).collect();
    // Not shown: it may hold secrets.
    pairs.ok_or_else(|| Failure::config(format!("{name}: bad value (environment): must be name=value,name=value")))
}

fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

fn number(name: &'static str, text: &str) -> Result<u64, Failure> {
    text.trim().parse().map_err(|_| bad(name, text, "must be a whole number"))
}

fn bad(name: &str, text: &str, remedy: &str) -> Failure {
    Failure::config(format!("{name}: bad value {text:?} (environment): {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_and_what_switches_it_off() {
        let of = |variables: [(&str, &str); 2]| endpoint(&Environment::from(variables)).unwrap_or_else(|remedy| remedy);
        assert_eq!(of([(ENDPOINT, "http://a"), ("X", "")]), "http://a");
        assert_eq!(of([(ENDPOINT, "http://a"), (TRACES_ENDPOINT, "http://b/x")]), "http://b/x");
        assert_eq!(of([(ENDPOINT, "http://a"), ("OTEL_SDK_DISABLED", "True")]), "off");
        assert_eq!(of([(ENDPOINT, "http://a"), ("OTEL_TRACES_EXPORTER", "none")]), "off");
        assert_eq!(of([(ENDPOINT, ""), ("X", "")]), "off");
        let remedy = of([(ENDPOINT, "localhost:4318"), ("X", "")]);
        assert!(remedy.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT in the environment must be an http"), "{remedy}");
    }

    #[test]
    fn standard_variables() {
        let environment = Environment::from([
            ("OTEL_SERVICE_NAME", "modules"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other, deployment.environment.name=a%2Cb"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret,x-a=1"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "999999999"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ]);
        let mut found = Vec::new();
        let otel = read(&environment, &mut found).expect("good");
        assert_eq!(otel.resource["service.name"], "modules");
        assert_eq!(otel.resource["deployment.environment.name"], "a,b");
        assert_eq!(otel.headers[0], ("authorization".to_owned(), "Bearer secret".to_owned()));
        assert_eq!(otel.sampler, Sampler { parent_based: true, ratio: 0.25 });
        assert_eq!((otel.timeout, otel.delay), (Duration::from_millis(500), Duration::from_millis(100)));
        assert_eq!((otel.queue, otel.headers.len(), found.len()), (1 << 16, 2, 9));
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn mistakes() {
        for (name, value) in [
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=secret%2"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ] {
            let failure = read(&Environment::from([(name, value)]), &mut Vec::new()).expect_err(name);
            assert!(failure.line().starts_with(name) && !failure.line().contains("secret"), "{}", failure.line());
        }
    }
}
