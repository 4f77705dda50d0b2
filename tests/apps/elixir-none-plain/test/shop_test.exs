defmodule ShopTest do
  use ExUnit.Case

  test "the program is there" do
    assert Code.ensure_loaded?(Shop.Release)
  end
end
