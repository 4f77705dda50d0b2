defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    children = [{Task, fn -> Shop.serve() end}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
