"""
What the REST API sends and the SDK reads: msgspec Structs, one file per noun.

All routes lie under ``/api/v1``; times are ISO 8601 UTC; errors are ``wire.errors.Problem``. A
list is ``{"items": [...], "next": cursor or null}``. Names in a path are URL-quoted.

======  =====================================================  ===============================
GET     /health                                                Health (no token)
GET     /status                                                ServerStatus
*       /tokens, /tokens/{id}                                  owner only
*       /workspaces, /workspaces/{ws}
*       /workspaces/{ws}/experiments[/{name}]
*       /workspaces/{ws}/runs[/{id}[/metrics|/files[/{path}]]]
POST    /workspaces/{ws}/runs/{id}/result                      JobResult -> Run (a job's runner)
GET     /workspaces/{ws}/runs/{id}/log?offset=                 text; X-Log-Offset, X-Run-Status
POST    /blobs/missing                                         {"digests"} -> {"missing"}
HEAD    /blobs/{sha256}                                        200 whole; 404 with Upload-Offset
PUT     /blobs/{sha256}                                        body; Upload-Offset, Upload-Length
POST    /blobs/pack                                            tar of small files, named by digest
GET     /blobs/{sha256}                                        bytes; Range is honoured
POST    /snapshots                                             Manifest JSON, or a tar
GET     /snapshots/{digest}                                    Manifest
*       /workspaces/{ws}/models[/{name}/versions/{v}]
*       /workspaces/{ws}/environments[/{name}[/versions/{v}]]
POST    /workspaces/{ws}/builds                                BuildRequest -> Build
GET     /workspaces/{ws}/builds/{digest}                       Build
GET     /workspaces/{ws}/builds/{digest}/log?offset=           text; X-Log-Offset; poll to follow
*       /workspaces/{ws}/services[/{name}]
GET     /workspaces/{ws}/services/{name}/keys                  Keys (contributor)
POST    /workspaces/{ws}/services/{name}/keys                  KeyChange -> Keys
GET     /workspaces/{ws}/services/{name}/logs?lines=           Logs
*       /workspaces/{ws}/images[/{name}[/versions/{v}[/log]]]
======  =====================================================  ===============================
"""
