-- +goose Up
CREATE TABLE collections (
    name     TEXT    NOT NULL PRIMARY KEY,
    settings TEXT    NOT NULL, -- JSON
    version  BIGINT  NOT NULL, -- counts the changes of this row
    created  BIGINT  NOT NULL  -- microseconds since 1970
);

CREATE TABLE crawls (
    collection TEXT   NOT NULL,
    number     BIGINT NOT NULL,
    state      TEXT   NOT NULL, -- running, idle or stopped
    started    BIGINT NOT NULL, -- microseconds since 1970
    reported   BIGINT NOT NULL,
    pages      BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    PRIMARY KEY (collection, number)
);

-- +goose Down
DROP TABLE crawls;
DROP TABLE collections;
