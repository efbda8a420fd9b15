-- The common subset of SQLite and PostgreSQL: text, bigint, and no more.
-- Times are microseconds since 1970, 0 for never; settings and seeds are JSON.

-- +goose Up
CREATE TABLE collections (
    name     TEXT   NOT NULL PRIMARY KEY,
    settings TEXT   NOT NULL,
    version  BIGINT NOT NULL, -- 1 at first, one more with each change
    created  BIGINT NOT NULL
);

CREATE TABLE crawls (
    id         TEXT   NOT NULL PRIMARY KEY,
    collection TEXT   NOT NULL REFERENCES collections (name) ON DELETE CASCADE,
    seeds      TEXT   NOT NULL,
    settings   TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    started    BIGINT NOT NULL,
    finished   BIGINT NOT NULL,
    pages      BIGINT NOT NULL,
    failed     BIGINT NOT NULL
);

CREATE INDEX crawls_by_collection ON crawls (collection, created);

-- +goose Down
DROP TABLE crawls;
DROP TABLE collections;
