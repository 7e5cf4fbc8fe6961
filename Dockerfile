# The image of goproxy. docs/packaging.md describes it.
#   docker build -t goproxy .                    git, ssh and certificates beside the program
#   docker build -t goproxy --target router .    the program alone: upstreams, no version control over ssh
# Give the commit with --build-arg COMMIT=$(git rev-parse --short=12 HEAD).
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim
# Where the program comes from: `compiled` here, or `prebuilt` as dist/goproxy, a static one.
ARG BINARY=compiled

FROM ${RUST_IMAGE} AS compiled
ARG COMMIT
RUN apt-get update && apt-get install -y --no-install-recommends musl-tools
WORKDIR /src
COPY . .
RUN mkdir -p /out/go && GOPROXY_COMMIT=${COMMIT} sh -c 'cp "$(packaging/static)" /out/goproxy'

FROM ${BASE_IMAGE} AS prebuilt
COPY dist/goproxy /out/goproxy
RUN mkdir -p /out/go

FROM ${BINARY} AS program

# What goproxy uses of Debian, and nothing else.
FROM ${BASE_IMAGE} AS files
COPY packaging/container/rootfs /usr/local/bin/rootfs
RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client ca-certificates && rootfs /rootfs

FROM scratch AS router
LABEL org.opencontainers.image.title="goproxy" \
      org.opencontainers.image.description="A Go module proxy" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/goproxyio/goproxy"
COPY --from=program /out/goproxy /goproxy
COPY --from=program --chown=65532:65532 /out/go /go
# The cache is in GOPATH as in goproxyio/goproxy's image. docker stop waits for 10 s.
ENV GOPATH=/go HOME=/ PATH=/ GOPROXY_DRAIN_TIMEOUT=8s
USER 65532:65532
VOLUME /go
EXPOSE 8081
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD ["/goproxy", "healthcheck"]
ENTRYPOINT ["/goproxy"]
CMD []

FROM scratch AS full
LABEL org.opencontainers.image.title="goproxy" \
      org.opencontainers.image.description="A Go module proxy" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/goproxyio/goproxy"
COPY --from=files /rootfs /
COPY --from=program /out/goproxy /goproxy
COPY --from=program --chown=65532:65532 /out/go /go
ENV GOPATH=/go HOME=/home/goproxy PATH=/:/usr/bin:/bin GOPROXY_DRAIN_TIMEOUT=8s
USER 65532:65532
VOLUME /go
EXPOSE 8081
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s CMD ["/goproxy", "healthcheck"]
ENTRYPOINT ["/goproxy"]
CMD []
