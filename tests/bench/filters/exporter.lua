-- The record that http-trace-filter sends by default, made and sent by Envoy's Lua filter.

local LIMIT = 1000000
local HIDDEN = { authorization = true, ["proxy-authorization"] = true, cookie = true, ["set-cookie"] = true, ["x-api-key"] = true }
local CALL = {
  [":method"] = "POST",
  [":path"] = "/publish",
  [":authority"] = "trace_analyzer",
  ["content-type"] = "application/json",
}

local function escape(char)
  if char == '"' or char == "\\" then return "\\" .. char end
  return string.format("\\u%04x", string.byte(char))
end

local function text(value)
  return '"' .. (string.gsub(value, '[%c"\\]', escape)) .. '"'
end

local function list(headers, host)
  local shown = {}
  if host then shown[1] = '["host",' .. text(host) .. "]" end
  for name, value in pairs(headers) do
    if string.sub(name, 1, 1) ~= ":" and string.sub(name, 1, 8) ~= "x-envoy-" then
      if HIDDEN[name] then value = "[redacted]" end
      shown[#shown + 1] = "[" .. text(name) .. "," .. text(value) .. "]"
    end
  end
  return "[" .. table.concat(shown, ",") .. "]"
end

-- The first bytes of the body, as they pass: nothing waits for its end.
local function body(handle)
  local parts, size, truncated = {}, 0, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    local kept = math.min(length, LIMIT - size)
    truncated = truncated or kept < length
    if kept > 0 then
      parts[#parts + 1] = chunk:getBytes(0, kept)
      size = size + kept
    end
  end
  local encoded = size > 0 and handle:base64Escape(table.concat(parts)) or ""
  return '"body":"' .. encoded .. '","truncated_body":' .. tostring(truncated)
end

function envoy_on_request(handle)
  local headers, info = handle:headers(), handle:streamInfo()
  local host = headers:get(":authority") or ""
  local version = text(info:protocol() or "")
  local record = '{"request_id":' .. text(headers:get("x-request-id") or "")
    .. ',"scheme":' .. text(headers:get(":scheme") or "http")
    .. ',"destination_address":' .. text(info:downstreamLocalAddress())
    .. ',"source_address":' .. text(info:downstreamDirectRemoteAddress())
    .. ',"scnt_request":{"method":' .. text(headers:get(":method") or "")
    .. ',"path":' .. text(headers:get(":path") or "")
    .. ',"host":' .. text(host)
    .. ',"version":' .. version
    .. ',"headers":' .. list(headers, host) .. ","
  record = record .. body(handle) .. '},"scnt_response":{"version":' .. version
  handle:streamInfo():dynamicMetadata():set("http_trace", "record", record)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local response = ',"status_code":' .. text(headers:get(":status") or "0") .. ',"headers":' .. list(headers) .. ","
  response = response .. body(handle) .. "}}"
  local request = handle:streamInfo():dynamicMetadata():get("http_trace")
  if request then handle:httpCall("trace_analyzer", CALL, request["record"] .. response, 5000, true) end
end
