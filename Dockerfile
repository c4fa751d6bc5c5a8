# The service alone; deploy/compose has a FreeSWITCH and a CouchDB beside it.
FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY schemas schemas
COPY src src
COPY console console
RUN npm run build

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    METAFLOWS_HTTP_HOST=0.0.0.0 \
    METAFLOWS_DATABASE=/data/db \
    METAFLOWS_RECORDINGS_DIR=/recordings
WORKDIR /app
COPY package.json ./
COPY metaflows metaflows
COPY schemas schemas
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# FreeSWITCH makes folders that only their owner may write to (SWITCH_DEFAULT_DIR_PERMS, 0750): the recordings are written
# and removed by the same uid, whichever that is.
RUN ln -s /app/dist/cli/main.js /usr/local/bin/metaflows \
    && mkdir /data /recordings && chown node:node /data /recordings
VOLUME ["/data", "/recordings"]
USER node
EXPOSE 8000
# Alive, not ready: a switch or a database that is away comes back, and killing the service would help neither.
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.METAFLOWS_HTTP_PORT ?? 8000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node itself, not npm: SIGTERM reaches it, and it is gone within 9 seconds.
CMD ["node", "--max-semi-space-size=128", "dist/main.js"]
