//! The two text formats of metrics: OpenMetrics, as the encoder writes it, and Prometheus' older one.

use http::{HeaderMap, HeaderValue, header};

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>: what everything else than Prometheus reads.
    Prometheus,
}

impl Exposition {
    /// What the client can read.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        match accepted.any(|value| value.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    pub(crate) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        })
    }

    /// Rewrites an OpenMetrics page. In the older format a counter's description has the name of its sample, with
    /// `_total`, and there is no end mark.
    pub(crate) fn render(self, page: String) -> String {
        if self == Self::OpenMetrics {
            return page;
        }
        let counters: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
        let mut out = String::with_capacity(page.len() + 64);
        for line in page.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
            let mut words = line.splitn(4, ' ');
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some("#"), Some(word), Some(name), Some(rest)) if counters.contains(&name) => {
                    out.push_str(&format!("# {word} {name}_total {rest}\n"));
                }
                _ => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP a A b.\n# TYPE a counter\na_total{x=\"# TYPE a\"} 1\n\
                        # HELP b B.\n# TYPE b gauge\n# UNIT b bytes\nb 2\n# EOF\n";

    #[test]
    fn the_older_format() {
        let expected = "# HELP a_total A b.\n# TYPE a_total counter\na_total{x=\"# TYPE a\"} 1\n\
                        # HELP b B.\n# TYPE b gauge\nb 2\n";
        assert_eq!(Exposition::Prometheus.render(PAGE.to_owned()), expected);
        assert_eq!(Exposition::OpenMetrics.render(PAGE.to_owned()), PAGE);
    }

    #[test]
    fn negotiation() {
        let accept = |value: &str| HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
        let prometheus = accept("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
        assert_eq!(Exposition::accepted(&prometheus), Exposition::OpenMetrics);
        assert_eq!(Exposition::accepted(&accept("text/plain")), Exposition::Prometheus);
        assert_eq!(Exposition::accepted(&HeaderMap::new()), Exposition::Prometheus);
    }
}
