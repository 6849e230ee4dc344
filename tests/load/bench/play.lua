-- Plays requests that were written out beforehand, in an order that was drawn beforehand: a request costs a look-up.
-- Arguments: the file of requests (a line with the length, then so many bytes), the file of numbers (a line each,
-- from 1), and "once" or "around".

local requests, order, at, once = {}, {}, 0, false
local after = 64 -- requests from the beginning again, until each of the 32 connections has had its last answer

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for length in function() return file:read("*l") end do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  for number in io.lines(args[2]) do
    order[#order + 1] = tonumber(number)
  end
  once = args[3] == "once"
end

function request()
  at = at + 1
  if at == #order + after and once then
    wrk.thread:stop() -- however late the bench hears of it
    io.write("exhausted\n")
    io.flush()
  end
  return requests[order[(at - 1) % #order + 1]]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'figures {"requests": %d, "microseconds": %d, "bytes": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
