-- Says for Prometheus which state keepalived is in, by its own word, and whether a VIP is on a device, by the kernel's: the two
-- differ when keepalived hangs. Both are small files in memory. Which addresses are VIPs, the configuration has put in txn.vips.

local function content(path)
  local file = io.open(path, 'r')
  if not file then return '' end
  local text = file:read('*a')
  file:close()
  return text
end

core.register_service('vrrp', 'http', function(applet)
  -- `MASTER 1795428438166 198.18.0.100`, a line for each VIP.
  local states = {}
  for state, vip in content((os.getenv('TWEMSTACK_RUN') or '/run/twemstack') .. '/vrrp-state'):gmatch('(%u+) %d+ (%S+)\n') do
    states[vip] = state
  end
  -- `|-- 198.18.0.100`, and below it `/32 host LOCAL`.
  local held = {}
  for address, kind in content('/proc/net/fib_trie'):gmatch('|%-%- ([%d.]+)\n%s+/32 (%l+ %u+)') do
    if kind == 'host LOCAL' then held[address] = true end
  end
  local said = { '# HELP twemstack_edge_vrrp_state 1 for the state that keepalived is in.', '# TYPE twemstack_edge_vrrp_state gauge' }
  local seen = { '# HELP twemstack_edge_vip_held 1 while the VIP is on a device of the edge.', '# TYPE twemstack_edge_vip_held gauge' }
  local vips = applet:get_var('txn.vips')
  for vip in vips:gmatch('%S+') do
    -- With one VIP nobody asks which.
    local which = vips == vip and '' or string.format('vip="%s"', vip)
    local comma = which == '' and '' or ','
    local braces = which == '' and '' or '{' .. which .. '}'
    for _, name in ipairs({ 'MASTER', 'BACKUP', 'FAULT', 'UNKNOWN' }) do
      said[#said + 1] = string.format('twemstack_edge_vrrp_state{%s%sstate="%s"} %d', which, comma, name:lower(), (states[vip] or 'UNKNOWN') == name and 1 or 0)
    end
    seen[#seen + 1] = string.format('twemstack_edge_vip_held%s %d', braces, held[vip] and 1 or 0)
  end
  local body = table.concat(said, '\n') .. '\n' .. table.concat(seen, '\n') .. '\n'
  applet:set_status(200)
  applet:add_header('content-type', 'text/plain; version=0.0.4')
  applet:add_header('content-length', tostring(#body))
  applet:start_response()
  applet:send(body)
end)
