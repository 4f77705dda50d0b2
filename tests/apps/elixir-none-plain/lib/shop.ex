defmodule Shop do
  def serve do
    {:ok, socket} = :gen_tcp.listen(String.to_integer(System.fetch_env!("PORT")), [:binary, active: false, reuseaddr: true])
    loop(socket)
  end

  defp loop(socket) do
    {:ok, client} = :gen_tcp.accept(socket)
    _ = :gen_tcp.recv(client, 0)
    body = "hello #{System.get_env("WHO")}, #{byte_size(System.get_env("TOKEN") || "")} letters, #{:erlang.system_info(:schedulers_online)} scheduler, #{inspect(File.read("/data/migrated"))}"
    :gen_tcp.send(client, "HTTP/1.1 200 OK\r\nContent-Length: #{byte_size(body)}\r\nConnection: close\r\n\r\n" <> body)
    :gen_tcp.close(client)
    loop(socket)
  end
end
